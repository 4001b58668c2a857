// Who sends faster than limits.rate: streams are read more slowly and lose nothing, datagrams are dropped and counted,
// everybody is told once, and nobody else notices.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { run } from '../support/daemon.mjs';
import { Program } from '../support/program.mjs';
import { scene } from '../support/scene.mjs';
import { SLOW } from '../support/wait.mjs';

const RATE = 100, BURST = 100, COUNT = 300;  // the burst is a second's: a machine that stands still for less begins no new one
const LEAST_MS = ((COUNT - BURST) / RATE) * 1000;
const limit = (rate, burst, ...more) => ({
  args: [`limits.rate=${rate}`, `limits.burst=${burst}`, ...more].flatMap((each) => ['--set', each]),
});
const limited = (...more) => limit(RATE, BURST, ...more);

const SLOWLY = /^\*\*\* .*\bmore slowly\b/;
const DROPPED = /^\*\*\* .*\bdropped\b/;
const isLimited = (event) => event.type === 'error' && event.code === 'rate_limited';
const replies = (raw) => raw.lines.filter((line) => line.startsWith('*** ') && !/ (joined|left|is now \S+)$/.test(line));
const numbered = (count, mark = 'line') => Array.from({ length: count }, (_, n) => `=${mark} ${n}=`);
const heardFrom = (listener, nick) => listener.messages().filter((each) => each.nick === nick).map(({ text }) => text);

// Hears all of these from one; how long that took.
async function hearsAll(listener, nick, texts, start) {
  await listener.hears(texts.at(-1));
  const ms = performance.now() - start;
  assert.deepEqual(heardFrom(listener, nick), texts, 'all, once, in order');
  return ms;
}

test('nc < file: every line arrives, in order, and the sender is told once', async (t) => {
  const s = await scene(t, limited('tcp.half_open=500ms'));
  const listener = await s.v1({ nick: 'listener' });
  const dir = mkdtempSync(join(tmpdir(), 'chatbridge-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const texts = numbered(COUNT);
  writeFileSync(join(dir, 'file'), texts.map((text) => `${text}\n`).join(''));
  const start = performance.now();
  const nc = s.use(new Program('nc', ['sh', '-c', 'exec nc -N 127.0.0.1 "$0" < "$1"', `${s.daemon.tcp}`, join(dir, 'file')]));
  await nc.greeted();
  const ms = await hearsAll(listener, nc.nick, texts, start);
  t.diagnostic(`${COUNT} lines in ${ms.toFixed(0)} ms`);
  assert.ok(ms >= 0.98 * LEAST_MS, `${ms} ms`);
  assert.equal((await nc.whenClosed()).code, 0);
  assert.equal(nc.lines.filter((line) => SLOWLY.test(line)).length, 1);
  assert.deepEqual(replies(nc).filter((line) => !SLOWLY.test(line)), [nc.lines[0]], 'besides that the greeting only');
});

test('ncat --send-only: who has gone before it was read is heard to its last line all the same', async (t) => {
  const s = await scene(t, limit(20, 40));
  const listener = await s.v1({ nick: 'listener' });
  const ncat = s.use(new Program('ncat', ['sh', '-c', `seq 1 100 | ncat --send-only 127.0.0.1 ${s.daemon.tcp}`]));
  assert.equal((await ncat.whenClosed()).code, 0);
  await listener.hears('100');
  assert.deepEqual(listener.texts(), Array.from({ length: 100 }, (_, n) => `${n + 1}`));
  await listener.until((events) => events.findLast(({ type }) => type === 'presence')?.count === 1, 'that it is gone');
});

test('who has gone is read for limits.stall at most', async (t) => {
  const s = await scene(t, limit(1, 1, 'limits.stall=500ms'));
  const listener = await s.v1({ nick: 'listener' });
  const ncat = s.use(new Program('ncat', ['sh', '-c', `seq 1 100 | ncat --send-only 127.0.0.1 ${s.daemon.tcp}`]));
  await listener.hears('1');
  await ncat.whenClosed();
  await listener.publish('anybody?');  // whoever has gone is found to be so when something is sent to them
  await s.daemon.logged(/ disconnect .*reason=stalled/, 'that it is not waited for');
});

// What is said to it goes no further than the kernel's buffers, and then stays in the server.
async function fillRoom(s, listener) {
  const speakers = [];
  for (let n = 0; n < 5; n++) speakers.push(await s.tcp({ nick: `speaker_${n}` }));
  for (const each of speakers) await each.write(`${each.nick}${'x'.repeat(4000)}\n`.repeat(150));
  const heard = () => listener.messages().filter(({ nick }) => nick.startsWith('speaker_')).length;
  await listener.until(() => heard() === 5 * 150, 'all of it');
}

for (const kind of ['tcp', 'ws-text', 'ws-v1']) {
  test(`who does not read what is said is heard to its last line, however fast it speaks (${kind})`, async (t) => {
    // All of it is kept, however slowly the listener is served.
    const s = await scene(t, limit(100, 20, 'room.window_bytes=16MiB'));
    const listener = await s.v1({ nick: 'listener' });
    const ann = await s.client(kind);
    (ann.socket ?? ann.ws).pause();
    await fillRoom(s, listener);
    const texts = numbered(60);
    for (const text of texts) ann.say(text);
    await listener.hears(texts.at(-1));
    assert.deepEqual(heardFrom(listener, ann.nick), texts);
  });
}

test('ws-text: every frame arrives, in order, and the sender is told once', async (t) => {
  const s = await scene(t, limited());
  const listener = await s.v1({ nick: 'listener' });
  const ann = await s.wsText();
  const texts = numbered(COUNT);
  const start = performance.now();
  for (const text of texts) ann.say(text);
  const ms = await hearsAll(listener, ann.nick, texts, start);
  assert.ok(ms >= 0.98 * LEAST_MS, `${ms} ms`);
  await listener.publish('=end=');
  await ann.hears('=end=');
  assert.equal(replies(ann).filter((line) => SLOWLY.test(line)).length, 1);
  assert.equal(replies(ann).length, 2, 'the greeting and that');
});

for (const [how, send] of [
  ['a frame each', (ann, objects) => objects.forEach((each) => ann.send(each))],
  ['all in one frame', (ann, objects) => ann.send(...objects)],
]) {
  test(`ws-v1, ${how}: every message is said and acknowledged in order, and the sender is told once`, async (t) => {
    const s = await scene(t, limited());
    const listener = await s.v1({ nick: 'listener' });
    const ann = await s.v1({ nick: 'ann' });
    const texts = numbered(COUNT);
    const start = performance.now();
    send(ann, texts.map((text) => ({ type: 'message', room: 'lobby', text, id: text })));
    const ms = await hearsAll(listener, 'ann', texts, start);
    // Hello and join were two of the burst.
    assert.ok(ms >= 0.98 * LEAST_MS, `${ms} ms`);
    await ann.until(() => ann.events.filter(({ type }) => type === 'ack').length === COUNT, 'all acks');
    assert.deepEqual(ann.events.filter(({ type }) => type === 'ack').map(({ id }) => id), texts);
    const told = ann.events.filter(({ type }) => type === 'error');
    assert.deepEqual(told.map(({ code, id, room }) => [code, id, room]), [['rate_limited', undefined, undefined]]);
    assert.ok(told[0].message.length > 0);
  });
}

test('pings and bad requests of v1 count as well, and are all answered', async (t) => {
  const s = await scene(t, limited());
  const ann = await s.v1({ nick: 'ann' });
  const start = performance.now();
  const bad = '{"type":"nonsense"}';
  for (let n = 0; n < 50; n++) await ann.sendFrame(['{"type":"ping"}', bad, '{"type":"ping"}'].join('\n'));
  await ann.until(() => ann.events.filter(({ type }) => type === 'pong').length === 100, '100 pongs');
  const ms = performance.now() - start;
  assert.ok(ms >= 0.98 * ((150 - BURST) / RATE) * 1000, `${ms} ms`);
  assert.equal(ann.events.filter(({ code }) => code === 'unknown_type').length, 50);
  assert.equal(ann.events.filter(isLimited).length, 1);
});

test('commands of raw clients count as well', async (t) => {
  const s = await scene(t, limited());
  const ann = await s.tcp({ nick: 'ann' });
  const start = performance.now();
  await ann.write('/rooms\n'.repeat(200));
  await ann.until((lines) => lines.filter((line) => line.startsWith('*** rooms: ')).length === 200, '200 answers');
  const ms = performance.now() - start;
  assert.ok(ms >= 0.98 * ((200 - BURST) / RATE) * 1000, `${ms} ms`);
  assert.equal(ann.lines.filter((line) => SLOWLY.test(line)).length, 1);
});

test('a burst alone is not told; who was slow for long enough and is too fast again is told again', async (t) => {
  const s = await scene(t, limit(100, 10));
  const listener = await s.v1({ nick: 'listener' });
  const ann = await s.tcp();
  await ann.write(numbered(10, 'burst').map((text) => `${text}\n`).join(''));
  await listener.hears('=burst 9=');
  await listener.publish('=after the burst=');
  await ann.hears('=after the burst=');
  assert.equal(replies(ann).length, 1, 'the greeting');
  for (let time = 1; time <= 2; time++) {
    await ann.write(numbered(40, `flood ${time}`).map((text) => `${text}\n`).join(''));
    await listener.hears(`=flood ${time} 39=`);
    await ann.notice(SLOWLY);
    // It rests for as long as a whole burst takes, 100 ms, and more.
    for (let n = 0; n < 3; n++) await s.unterminatedRulePasses(listener, `=rest ${time} ${n}=`);
  }
  assert.equal(ann.lines.filter((line) => SLOWLY.test(line)).length, 2);
});

test('over UDP one is told once, what is more is dropped, and every datagram is accounted for', async (t) => {
  const SENT = 100, rate = 10, burst = 20;
  const s = await scene(t, limit(rate, burst));
  const listener = await s.v1({ nick: 'listener' });
  const ann = await s.udp();
  const other = await s.udp();
  const texts = numbered(SENT, 'datagram');
  const start = performance.now();
  for (const text of texts) await ann.say(text);
  await other.say('=other=');  // behind them in the same socket
  await listener.hears('=other=');
  const seconds = (performance.now() - start) / 1000;
  const heard = heardFrom(listener, ann.nick);
  assert.deepEqual(heard, texts.filter((text) => heard.includes(text)), 'in order');
  assert.deepEqual(heard.slice(0, burst), texts.slice(0, burst), 'the burst');
  assert.ok(heard.length <= burst + rate * seconds + 1, `${heard.length} in ${seconds} s`);
  assert.match(await ann.notice(DROPPED), /10/);
  await listener.publish('=end=');
  await ann.hears('=end=');
  assert.equal(replies(ann).filter((line) => DROPPED.test(line)).length, 1, 'once');
  assert.equal(replies(ann).length, 2);
  assert.deepEqual(replies(other).length, 1, 'the other one was not too fast');
  await s.daemon.stop();
  const line = await s.daemon.logged(/udp_dropped.*\brate=/, 'the count of what was dropped');
  const counts = s.daemon.log().split('\n').filter((each) => each.includes('udp_dropped'));
  const dropped = counts.map((each) => Number(/\brate=(\d+)/.exec(each)?.[1] ?? 0)).reduce((a, b) => a + b);
  assert.equal(heard.length + dropped, SENT, line);
});

test('over UDP nobody is too fast to leave', async (t) => {
  const s = await scene(t, limit(1, 2));
  const listener = await s.v1({ nick: 'listener' });
  const ann = await s.udp();
  for (const text of numbered(10, 'datagram')) await ann.say(text);
  await ann.say('/quit');
  await ann.next('*** bye');
  await listener.until((events) => events.findLast(({ type }) => type === 'presence')?.count === 1, 'that it is gone');
});

test('who is slowed down still hears at once, and others are not slowed down', async (t) => {
  const s = await scene(t, limited());
  const listener = await s.v1({ nick: 'listener' });
  const flood = { tcp: await s.tcp(), 'ws-text': await s.wsText(), 'ws-v1': await s.v1() };
  const texts = numbered(COUNT);
  await flood.tcp.write(texts.map((text) => `${text}\n`).join(''));
  for (const text of texts) {
    flood['ws-text'].say(text);
    flood['ws-v1'].send({ type: 'message', room: 'lobby', text });
  }
  await listener.until(() => heardFrom(listener, flood.tcp.nick).length > BURST + 1, 'that it is slowed down');
  const people = { tcp: await s.tcp({ nick: 'p_tcp' }), udp: await s.udp({ nick: 'p_udp' }), v1: await s.v1({ nick: 'p_v1' }) };
  for (const [kind, person] of Object.entries(people)) {
    await person.say(`=from ${kind}=`);
    for (const each of [listener, ...Object.values(flood), ...Object.values(people)]) {
      if (each !== person || kind === 'v1') await each.hears(`=from ${kind}=`);
    }
  }
  for (const each of Object.values(flood)) {
    assert.ok(heardFrom(listener, each.nick).length < COUNT, `${each.kind}: before all of the flood`);
  }
  for (const each of Object.values(flood)) {
    await listener.until(() => heardFrom(listener, each.nick).length === COUNT, `all of ${each.kind}`);
    assert.deepEqual(heardFrom(listener, each.nick), texts);
  }
  for (const person of [people.tcp, people.udp]) assert.ok(!person.lines.some((line) => SLOWLY.test(line) || DROPPED.test(line)));
  assert.ok(![...people.v1.events, ...listener.events].some(isLimited));
});

test('who goes while slowed down is gone, over TCP when all it said is heard, and holds up nobody', async (t) => {
  const s = await scene(t, limit(50, 5));
  const listener = await s.v1({ nick: 'listener' });
  const flood = { tcp: await s.tcp(), 'ws-text': await s.wsText(), 'ws-v1': await s.v1() };
  const texts = numbered(COUNT);
  await flood.tcp.write(texts.map((text) => `${text}\n`).join(''));
  await flood['ws-v1'].send(...texts.map((text) => ({ type: 'message', room: 'lobby', text })));
  for (const text of texts) flood['ws-text'].say(text);
  for (const each of Object.values(flood)) await listener.until(() => heardFrom(listener, each.nick).length > 6, 'that it is slowed down');
  for (const each of Object.values(flood)) await each.close();
  await listener.until((events) => events.findLast(({ type }) => type === 'presence')?.count === 1, 'that they are gone');
  assert.deepEqual(heardFrom(listener, flood.tcp.nick), texts);
  for (const kind of ['ws-text', 'ws-v1']) assert.ok(heardFrom(listener, flood[kind].nick).length < COUNT, kind);
  await listener.publish('still here');
});

test('a WebSocket that is read slowly for many periods of ws.ping is not taken for dead', async (t) => {
  const s = await scene(t, limit(10, 2, 'ws.ping=200ms'));
  const listener = await s.v1({ nick: 'listener' });
  const ann = await s.v1({ nick: 'ann' });
  const texts = numbered(20);
  for (const text of texts) ann.send({ type: 'message', room: 'lobby', text });
  await listener.hears(texts.at(-1));
  assert.deepEqual(heardFrom(listener, 'ann'), texts);
});

test('the server ends in time while it reads somebody slowly', async (t) => {
  const s = await scene(t, limit(1, 1));
  const listener = await s.v1({ nick: 'listener' });
  const flood = [await s.tcp(), await s.wsText(), await s.v1()];
  for (const text of numbered(100)) {
    for (const each of flood) each.say(text);
  }
  await listener.until(() => new Set(listener.messages().map(({ nick }) => nick)).size === flood.length, 'the first of each');
  const start = performance.now();
  assert.equal(await s.daemon.stop(), 0);
  assert.ok(performance.now() - start < 7_000 * SLOW);
  for (const each of [listener, ...flood]) await each.whenClosed();
});

test('limits.rate=0 is no limit', async (t) => {
  const s = await scene(t, limit(0, 1));
  const listener = await s.v1({ nick: 'listener' });
  const tcp = await s.tcp();
  const udp = await s.udp();
  const v1 = await s.v1();
  const texts = numbered(2000);
  await tcp.write(texts.map((text) => `${text}\n`).join(''));
  for (const text of texts) v1.send({ type: 'message', room: 'lobby', text });
  for (const text of texts.slice(0, 100)) await udp.say(text);
  const all = [[tcp, texts], [v1, texts], [udp, texts.slice(0, 100)]];
  for (const [each, said] of all) await listener.until(() => heardFrom(listener, each.nick).length === said.length, `all of ${each.kind}`);
  await listener.publish('=end=');
  for (const each of [tcp, udp]) {
    await each.hears('=end=');
    assert.equal(replies(each).length, 1, 'the greeting');
  }
  await v1.roundTrip();
  assert.ok(!v1.events.some(isLimited));
});

test('by default it is 20 a second, and 40 at once', async (t) => {
  const { stdout } = await run(['--help']);
  assert.match(stdout, /limits\.rate .*\[20\]/);
  assert.match(stdout, /limits\.burst .*\[40\]/);
  const s = await scene(t, { args: ['--set', 'limits.rate=20'] });
  const ann = await s.v1({ nick: 'ann' });
  assert.deepEqual([ann.welcome.limits.rate, ann.welcome.limits.burst], [20, 40]);
});

// ---- changes of the nick

const toV1 = (client, nick) => client.ask({ type: 'nick', nick }, (event) => event.type === 'error' || (event.type === 'nick' && !event.room));
async function toRaw(client, nick) {
  client.skip();
  await client.say(`/nick ${nick}`);
  return client.notice();
}

test('a nick can be changed 10 times a minute', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const v1 = await s.v1();
  for (let n = 0; n < 10; n++) assert.equal((await toV1(v1, `v1_${n}`)).type, 'nick', `change ${n + 1}`);
  const refused = await toV1(v1, 'v1_more');
  assert.equal(refused.code, 'rate_limited');
  assert.match(refused.message, /10/);
  await v1.publish('v1 goes on');
  assert.equal((await listener.hears('v1 goes on')).nick, 'v1_9', 'the nick is what it was');
  for (const kind of ['tcp', 'udp', 'ws-text']) {
    const raw = await s.client(kind);
    const nick = (n) => `${kind.replace('-', '_')}_${n}`;
    for (let n = 0; n < 10; n++) assert.equal(await toRaw(raw, nick(n)), `*** you are ${nick(n)}`);
    assert.match(await toRaw(raw, nick('more')), /^\*\*\* .*10/);
    await raw.say(`${kind} goes on`);
    assert.equal((await listener.hears(`${kind} goes on`)).nick, nick(9));
  }
  const free = await s.v1({ nick: 'v1_more' });
  assert.equal(free.nick, 'v1_more', 'and the one that was refused is not taken');
});

test('limits.nick_changes: another number, or 0 for no limit', async (t) => {
  const s = await scene(t, { args: ['--set', 'limits.nick_changes=2'] });
  const ann = await s.v1();
  assert.deepEqual([(await toV1(ann, 'a')).type, (await toV1(ann, 'b')).type, (await toV1(ann, 'c')).code], ['nick', 'nick', 'rate_limited']);
  assert.equal((await toV1(await s.v1(), 'c')).type, 'nick', 'each client for itself');
  const free = await scene(t, { args: ['--set', 'limits.nick_changes=0'] });
  const bob = await free.v1();
  for (let n = 0; n < 50; n++) assert.equal((await toV1(bob, `bob_${n}`)).type, 'nick');
});
