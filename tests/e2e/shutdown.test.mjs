// Stopping: everybody gets what was accepted and a goodbye, then the process ends by itself.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { scene } from '../support/scene.mjs';
import { stateDirectory } from '../support/state.mjs';
import { DEADLINE_MS, SLOW, within } from '../support/wait.mjs';

const STOP_MS = 10_000 * SLOW;
const tokens = (client) => client.texts().map((text) => /=\w+:\d+=/.exec(text)?.[0]).filter(Boolean);

// A client that connects and then never reads anything.
async function stalledReader(s) {
  const socket = net.connect({ host: '127.0.0.1', port: s.daemon.tcp });
  s.use({ close: async () => socket.destroy() });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

// Talks as fast as the acks allow (up to 20 under way) until the connection ends; gives what was acknowledged.
async function talkUntilTheEnd(client) {
  const acked = () => client.events.filter((event) => event.type === 'ack').map((event) => event.id);
  let sent = 0;
  let ended = false;
  client.closed.then(() => { ended = true; });
  while (!ended) {
    const id = `=${client.nick}:${sent++}=`;
    client.say(`${id} ${'x'.repeat(200)}`, { id });
    if (sent % 20 === 0) await client.until(() => acked().length >= sent - 20, 'acks').catch(() => {});
  }
  return acked();
}

async function stopsCleanly(s, ms = STOP_MS) {
  const result = await within(s.daemon.exited, () => `the daemon ends; its log:\n${s.daemon.log()}`, ms);
  assert.deepEqual(result, { code: 0, signal: null });
}

for (const linger of ['1ms', '100ms']) test(`SIGTERM under load: what was acknowledged has reached every reader before the goodbye (room.linger=${linger})`, async (t) => {
  const s = await scene(t, { args: ['--set', `room.linger=${linger}`, '--set', 'room.window_bytes=64MiB'] });
  const readers = {
    v1: await s.v1({ nick: 'r_v1' }), tcp: await s.tcp({ nick: 'r_tcp' }),
    text: await s.wsText({ nick: 'r_text' }), udp: await s.udp({ nick: 'r_udp' }),
  };
  const speakers = [];
  for (const nick of ['s1', 's2', 's3']) speakers.push(await s.v1({ nick }));
  const talking = speakers.map(talkUntilTheEnd);
  await readers.v1.until(() => readers.v1.messages().length > 1000, '1,000 messages under way');
  s.daemon.proc.kill('SIGTERM');
  const acked = (await Promise.all(talking)).flat();
  await stopsCleanly(s);
  for (const client of [readers.v1, readers.tcp, readers.text, ...speakers]) await client.whenClosed();

  t.diagnostic(`${acked.length} acknowledged`);
  assert.ok(acked.length > 900);
  const order = tokens(readers.v1);
  const everywhere = { v1: order, tcp: tokens(readers.tcp), text: tokens(readers.text) };
  for (const [name, heard] of Object.entries(everywhere)) {
    const set = new Set(heard);
    assert.equal(set.size, heard.length, `${name} has nothing twice`);
    assert.deepEqual(acked.filter((each) => !set.has(each)), [], `${name} has all that was acknowledged`);
    assert.deepEqual(heard, order, `${name} has the common order`);
  }
  for (const client of [readers.v1, ...speakers]) {
    const bye = client.events.at(-1);
    assert.equal(bye.type, 'bye', `${client.nick} gets a goodbye, and nothing after it`);
    assert.equal(bye.reason, 'shutdown');
    assert.ok(Number.isFinite(bye.retry_after_ms) && bye.retry_after_ms >= 0);
    assert.equal((await client.closed).code, 1001);
  }
  assert.match(readers.tcp.lines.at(-1), /^\*\*\* /);
  assert.match(readers.text.lines.at(-1), /^\*\*\* /);
  assert.equal((await readers.text.closed).code, 1001);
  await readers.udp.until((lines) => lines.at(-1).startsWith('*** '), 'a goodbye as the last datagram');
  assert.match(s.daemon.log(), /\bstopped\b.*\bclean=true\b/);
});

test('SIGINT stops as cleanly', async (t) => {
  const s = await scene(t);
  const [tcp, v1] = [await s.tcp({ nick: 'tcp_reader' }), await s.v1({ nick: 'ann' })];
  await v1.publish('last words');
  s.daemon.proc.kill('SIGINT');
  await stopsCleanly(s);
  assert.equal((await v1.whenClosed()).code, 1001);
  assert.equal(tcp.count('last words'), 1);
  assert.match(s.daemon.log(), /\bstopped\b.*\bclean=true\b/);
});

test('the SQLite journal says at the end how much it has stored: a message that was sent again is no row', async (t) => {
  const s = await scene(t, { args: ['--journal', `sqlite:${stateDirectory(t)}/journal.db`] });
  const ann = await s.v1({ nick: 'ann' });
  for (const id of ['a', 'b', 'c', 'a']) await ann.publish('hi', { id });
  s.daemon.proc.kill('SIGTERM');
  await stopsCleanly(s);
  assert.match(s.daemon.log(), /\bjournal_stored\b.*\brows=3 commits=3\b/);
});

// More than the kernel takes for one that does not read, so that something is left to deliver at the end.
async function fillUp(s, speaker) {
  const filler = 'x'.repeat(4000);
  for (let round = 0; round < 40; round++) {
    const from = speaker.events.length;
    for (let n = 0; n < 100; n++) speaker.say(filler);
    let acks = 0;
    await speaker.inbox.find((event) => event.type === 'ack' && ++acks === 100, '100 acks', { from });
  }
}

test('a stalled reader does not keep the daemon from ending with 0 in time', async (t) => {
  const s = await scene(t);
  await stalledReader(s);
  const speaker = await s.v1({ nick: 'speaker' });
  const reader = await s.tcp({ nick: 'reader' });
  await fillUp(s, speaker);
  await speaker.publish('=last=');
  s.daemon.proc.kill('SIGTERM');
  await stopsCleanly(s);
  await reader.whenClosed();
  assert.equal(reader.count('=last='), 1);
  assert.match(reader.lines.at(-1), /^\*\*\* /);
});

test('a second SIGTERM ends it at once', async (t) => {
  const s = await scene(t);
  await stalledReader(s);
  const speaker = await s.v1({ nick: 'speaker' });
  await fillUp(s, speaker);
  s.daemon.proc.kill('SIGTERM');
  await speaker.next((event) => event.type === 'bye', 'the goodbye');
  const asked = Date.now();
  s.daemon.kill('SIGTERM');
  await within(s.daemon.exited, () => 'the daemon ends at the second signal', 2_000 * SLOW);
  t.diagnostic(`ended ${Date.now() - asked} ms after the second signal`);
});

test('SIGHUP is logged and drops nobody', async (t) => {
  const s = await scene(t);
  const [tcp, v1] = [await s.tcp({ nick: 'tcp_reader' }), await s.v1({ nick: 'ann' })];
  s.daemon.proc.kill('SIGHUP');
  await s.daemon.logged(/sighup|hangup|reload/i, 'a line about SIGHUP');
  await v1.publish('=after=');
  await tcp.hears('=after=');
});

test('the log tells who came and went, but never what was said', async (t) => {
  const s = await scene(t, { args: ['--log-level', 'debug'] });
  const secret = 'SECRET-WORDS';
  const ann = await s.v1({ nick: 'ann' });
  for (const kind of ['tcp', 'udp', 'ws-text']) {
    const client = await s.client(kind, { nick: `n_${kind.replace('-', '')}` });
    await client.say(`${secret} by ${kind}`);
    await ann.hears(`by ${kind}`);
    await client.say(`/${secret} by ${kind}`);
    await client.notice();
    await client.say(`${secret}${'x'.repeat(5000)}`);
    await client.notice();
  }
  await ann.publish(secret);
  await ann.refused({ type: 'message', room: 'lobby', text: secret.repeat(1000), id: secret });
  await ann.leave();
  await s.daemon.logged(/disconnect/, 'a line about a disconnect', DEADLINE_MS);
  await s.daemon.stop();
  assert.match(s.daemon.log(), /\bconnect/);
  assert.ok(!s.daemon.log().includes(secret), 'no message text');
  assert.ok(!s.daemon.log().includes(ann.session), 'no session secret');
});
