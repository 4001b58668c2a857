// The client as the daemon gives it out, in a Node that has a WebSocket of its own, against the daemon.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TcpClient } from '../support/clients.mjs';
import { startDaemon, track } from '../support/daemon.mjs';
import { examples } from '../support/examples.mjs';
import { Lives, history, stateDirectory } from '../support/state.mjs';
import { Inbox, SLOW, within } from '../support/wait.mjs';

assert.ok(globalThis.WebSocket, 'run this with tests/node_modules/.bin/node');

const KILLS = 4;
const DEADLINE = 30_000 * SLOW;

const directory = stateDirectory({ after });   // where somebody has put client.js, and nothing else
let ChatBridge;
before(async () => {
  const daemon = await startDaemon();
  try {
    const answer = await fetch(`http://127.0.0.1:${daemon.http}/client.js`);
    assert.equal(answer.status, 200);
    writeFileSync(join(directory, 'client.js'), await answer.text());
  } finally {
    await daemon.stop();
  }
  ({ ChatBridge } = await import(join(directory, 'client.js')));
});

// A client that keeps what it hears, closed after the test.
function client(t, port, options) {
  const chat = new ChatBridge({ url: `http://127.0.0.1:${port}/`, ...options });
  const inbox = new Inbox(`client ${options.nick ?? ''}`);
  for (const type of ['message', 'state', 'gap', 'nick', 'error', 'bye', 'direct']) chat.on(type, (detail) => inbox.push({ is: type, ...detail }));
  t.after(() => chat.close());
  return Object.assign(chat, {
    inbox,
    hears: (text) => inbox.find((item) => item.text === text, text, { ms: DEADLINE }),
    is: (name) => inbox.until(() => chat.state.name === name, name, DEADLINE),
    texts: () => inbox.items.filter(({ is }) => is === 'message').map(({ text }) => text),
  });
}

const done = (promise, what) => within(promise, () => what, DEADLINE);

async function lives(t, args = []) {
  const made = new Lives(stateDirectory(t), args);
  await made.start();
  t.after(() => made.daemon.stop());
  const { http } = made.daemon;
  return Object.assign(made, { http, back: () => made.start({ args: [...made.args, '--http', `127.0.0.1:${http}`] }) });
}

async function daemonFor(t, options) {
  const daemon = await startDaemon(options);
  t.after(() => daemon.stop());
  return daemon;
}

test('it is one file that stands by itself, with its types beside it', async (t) => {
  const { http } = await daemonFor(t);
  const [code, types] = await Promise.all(['client.js', 'client.d.ts'].map((name) => fetch(`http://127.0.0.1:${http}/${name}`)));
  assert.match(code.headers.get('content-type'), /^text\/javascript/);
  assert.equal(types.status, 200);
  assert.doesNotMatch(await code.text(), /^\s*import\b|\bimport\(/m);
  assert.match(await types.text(), /export class ChatBridge/);
  assert.equal((await fetch(`http://127.0.0.1:${http}/client/link.js`)).status, 404);
});

test('a bot answers a raw client, in a loop', async (t) => {
  const daemon = await daemonFor(t);
  const early = client(t, daemon.http, { nick: 'early' });
  early.connect();
  await done(early.send('lobby', '!echo of the past'), 'sent');
  const bot = client(t, daemon.http, { nick: 'bot' });
  const loop = (async () => {
    for await (const { text, own } of bot.messages('lobby')) {
      if (!own && text.startsWith('!echo ')) bot.send('lobby', text.slice(6));
      if (text === 'enough') break;
    }
  })();
  await done(bot.connect(), 'connected');
  await done(bot.join('lobby'), 'joined');
  const ann = await new TcpClient(daemon.tcp).connect({ nick: 'ann' });
  t.after(() => ann.close());
  await ann.say('!echo hello');
  await ann.hears('hello');
  await ann.say('enough');
  await done(loop, 'the loop ends');
  assert.ok(bot.latency >= 0);
  const { members } = await done(bot.who('lobby'), 'who');
  assert.deepEqual(members.map(({ nick, via }) => `${nick} ${via}`).sort(), ['ann tcp', 'bot ws', 'early ws']);
  const older = await done(bot.history('lobby', { before: 3 }), 'history');
  assert.deepEqual([older.messages.map(({ text }) => text), older.more], [['!echo of the past', '!echo hello'], false]);
});

test('killed and back, again and again, amid a conversation: everything is there once and in order, for all', async (t) => {
  const server = await lives(t);
  const people = ['ann', 'bob', 'eve'].map((nick) => client(t, server.http, { nick, rooms: 'lobby' }));
  await done(Promise.all(people.map((each) => each.connect())), 'connected');
  await done(Promise.all(people.map((each) => each.join('lobby'))), 'joined');
  const read = [];
  const loop = (async () => { for await (const { text, missed } of people[2].messages('lobby')) { assert.equal(missed, undefined); read.push(text); } })();

  const sent = [];
  const [ann, bob] = people;
  const talk = async (chat, name) => {
    for (let i = 1; i <= 150; i += 1) {
      const receipt = chat.send('lobby', `${name} ${i}`);
      sent.push(receipt);
      if (i % 5 === 0) await receipt;
    }
  };
  const talking = Promise.all([talk(ann, 'ann'), talk(bob, 'bob')]);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await people[2].inbox.until(() => people[2].texts().length >= kill * 50, `${kill * 50} messages`, DEADLINE);
    await server.kill();
    for (const each of people) await each.inbox.until(() => !each.connected, 'noticed', DEADLINE);
    sent.push(ann.send('lobby', `while it was away ${kill}`));
    await server.back();
    for (const each of people) each.wake();
  }
  await done(talking, 'all is said');
  const numbers = (await done(Promise.all(sent), 'all is acknowledged')).map(({ seq }) => seq);
  assert.equal(new Set(numbers).size, sent.length);
  for (const each of people) await each.inbox.until(() => each.texts().length >= sent.length, 'all is heard', DEADLINE);

  const kept = await history(server.http);
  assert.equal(kept.length, sent.length, 'once each');
  assert.deepEqual(new Set(kept.map(({ seq }) => seq)), new Set(numbers));
  for (const each of people) assert.deepEqual(each.texts(), kept.map(({ text }) => text), 'in the order of the room');
  for (const name of ['ann', 'bob']) {
    const own = kept.map(({ text }) => text).filter((text) => text.startsWith(`${name} `));
    assert.deepEqual(own, Array.from({ length: 150 }, (_, i) => `${name} ${i + 1}`), 'as they were typed');
  }
  people[2].close();
  await done(loop, 'the loop ends');
  assert.deepEqual(read, kept.map(({ text }) => text));
});

test('a server that says goodbye: bye with its reason, then it is waited for', async (t) => {
  const server = await lives(t);
  const ann = client(t, server.http, { nick: 'ann', rooms: 'lobby' });
  await done(ann.connect(), 'connected');
  await done(ann.join('lobby'), 'joined');
  await server.daemon.stop();
  const { item } = await ann.inbox.find(({ is }) => is === 'bye', 'bye', { ms: DEADLINE });
  assert.ok(item.reason && item.retry_after_ms >= 0);
  await ann.is('waiting');
  assert.equal(ann.state.reason, item.reason);
  const receipt = ann.send('lobby', 'said to nobody');
  await server.back();
  await done(ann.connect(), 'connected again');
  await done(receipt, 'sent');
  assert.deepEqual((await history(server.http)).map(({ nick, text }) => [nick, text]), [['ann', 'said to nobody']]);
});

test('what was lost while away is told, in the loop as well', async (t) => {
  const daemon = await daemonFor(t, { args: ['--set', 'room.window_bytes=64KiB'] });
  const ann = client(t, daemon.http, { nick: 'ann', rooms: 'lobby' });
  const bob = client(t, daemon.http, { nick: 'bob', rooms: 'lobby' });
  for (const each of [ann, bob]) await done(each.connect(), 'connected');
  await done(ann.join('lobby'), 'joined');
  const stream = ann.messages('lobby');
  await done(bob.send('lobby', 'before'), 'sent');
  assert.equal((await done(stream.next(), 'a message')).value.text, 'before');
  ann.close();
  const flood = Array.from({ length: 100 }, (_, i) => bob.send('lobby', `${i} ${'x'.repeat(4000)}`));
  await done(Promise.all(flood), 'the flood is sent');
  const again = ann.messages('lobby');
  await done(ann.connect(), 'connected');
  const { item } = await ann.inbox.find(({ is }) => is === 'gap', 'gap', { ms: DEADLINE });
  const first = (await done(again.next(), 'a message')).value;
  assert.deepEqual(first.missed, { from: item.from, to: item.to });
  assert.ok(first.seq > item.to);
});

test('a name that is taken: told at the greeting, refused when asked for, free for the same person', async (t) => {
  const daemon = await daemonFor(t);
  const ann = client(t, daemon.http, { nick: 'ann' });
  await done(ann.connect(), 'connected');
  const other = client(t, daemon.http, { nick: 'ann' });
  await done(other.connect(), 'connected');
  await other.inbox.find(({ is, code }) => is === 'error' && code === 'nick_taken', 'nick_taken', { ms: DEADLINE });
  assert.match(other.nick, /^guest-/);
  await assert.rejects(done(other.rename('Ann'), 'refused'), { code: 'nick_taken' });
  assert.equal(await done(other.rename('anna'), 'granted'), 'anna');
  const psst = ann.direct('anna', 'psst');
  await other.hears('psst');
  await done(psst, 'queued');
  await assert.rejects(done(ann.direct('nobody', 'psst'), 'refused'), { code: 'no_such_nick' });
});

test('a program that keeps a storage goes on where it was killed: the same person, and every message once', async (t) => {
  const daemon = await daemonFor(t);
  const storage = (kept = new Map()) => ({ kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) });
  const before = storage();
  const first = client(t, daemon.http, { nick: 'ci', storage: before });
  await done(first.connect(), 'connected');
  const { id } = first.send('lobby', 'arrived');
  await null;  // it is kept at the end of the turn
  const unanswered = new Map(before.kept);
  await first.hears('arrived');
  first.close();

  assert.equal(JSON.parse(unanswered.get('chatbridge.outbox'))[0].id, id);
  const second = client(t, daemon.http, { nick: 'ci', rooms: 'lobby', storage: storage(unanswered) });
  const receipt = second.send('lobby', 'never went out');
  await done(second.connect(), 'connected');
  await done(receipt, 'sent');
  assert.deepEqual((await history(daemon.http)).map(({ nick, text }) => [nick, text]), [['ci', 'arrived'], ['ci', 'never went out']]);
  await second.hears('never went out');
  assert.deepEqual(second.outbox, []);
});

test('a WebSocket class from elsewhere does as well', async (t) => {
  const { WebSocket } = await import('ws');
  const daemon = await daemonFor(t);
  const ann = client(t, daemon.http, { nick: 'ann', WebSocket });
  ann.connect();
  await done(ann.send('lobby', 'hi'), 'sent');
  await ann.hears('hi');
});

// One of the examples in docs/CLIENT.md, as a program beside client.js.
function example(t, name, args) {
  const { code } = examples('CLIENT.md').find((each) => each.code.startsWith(`// ${name}: `));
  writeFileSync(join(directory, name), code);
  const child = track(spawn(process.execPath, [name, ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] }));
  t.after(() => child.kill());
  let stdout = '';
  child.stdout.on('data', (chunk) => { stdout += chunk; });
  const exit = new Promise((resolve) => { child.once('close', (status) => resolve({ status, stdout })); });
  return { child, ended: () => done(exit, `${name} ends`) };
}

test('the script of the docs says its message and ends', async (t) => {
  const daemon = await daemonFor(t);
  const { status, stdout } = await example(t, 'say.mjs', [`http://127.0.0.1:${daemon.http}`, 'build 4812 passed']).ended();
  assert.deepEqual([status, stdout], [0, 'message 1\n']);
  assert.deepEqual((await history(daemon.http)).map(({ nick, text }) => [nick, text]), [['ci', 'build 4812 passed']]);
});

test('the bot of the docs answers, and is the same person after it was killed', async (t) => {
  const daemon = await daemonFor(t);
  const ann = await new TcpClient(daemon.tcp).connect({ nick: 'ann' });
  t.after(() => ann.close());
  for (let life = 1; life <= 2; life += 1) {
    const bot = example(t, 'bot.mjs', [`http://127.0.0.1:${daemon.http}`]);
    await ann.next('*** bot joined');
    await ann.say('!time');
    await ann.next(/^bot: ann: \d{4}-/);
    bot.child.kill('SIGKILL');
    await bot.ended();
    await ann.next('*** bot left');
  }
});
