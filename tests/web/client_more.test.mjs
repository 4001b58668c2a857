// The client without a server or a browser: questions, names, loops, storage, waking up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { error, joined, message, outcome, setup } from './client_scene.mjs';
import { FakeStorage } from './fakes.mjs';

async function take(stream, count) {
  const taken = [];
  for (let i = 0; i < count; i += 1) taken.push((await stream.next()).value);
  return taken;
}

test('history and who: questions of a room are answered in order', async () => {
  const s = setup().enter({ head: 100 });
  const older = [s.chat.history('lobby', { before: 90 }), s.chat.history('lobby', { before: 40, limit: 5 })];
  const there = s.chat.who('lobby', { prefix: 'b' });
  assert.deepEqual(s.socket.take('history'), [{ type: 'history', room: 'lobby', before: 90, limit: 50 }, { type: 'history', room: 'lobby', before: 40, limit: 5 }]);
  assert.deepEqual(s.socket.take('who'), [{ type: 'who', room: 'lobby', prefix: 'b', limit: 100 }]);
  s.socket.says(
    { type: 'history', room: 'lobby', messages: [message(89)], more: true },
    { type: 'members', room: 'lobby', members: [{ nick: 'bob', via: 'tcp' }], count: 3, more: false },
    error('overloaded', { room: 'lobby' }),
  );
  assert.deepEqual((await older[0]).messages.map(({ seq }) => seq), [89]);
  assert.equal(await outcome(older[1]), 'overloaded');
  assert.equal((await there).count, 3);
  assert.deepEqual(s.texts(), [], 'what was asked for is no news');
});

test('questions fail without a connection, when it is lost, without an answer, and where one is not', async () => {
  const s = setup();
  assert.equal(await outcome(s.chat.history('lobby')), 'not_joined');
  assert.equal(await outcome(s.chat.who('lobby')), 'offline');
  s.enter();
  const lost = s.chat.history('lobby');
  s.socket.drops();
  assert.equal(await outcome(lost), 'offline');
  s.comeBack();
  s.socket.says({ type: 'pong' });
  const silent = s.chat.who('lobby');
  s.clock.advance(2_000);
  s.socket.says({ type: 'pong' });
  s.clock.advance(13_000);
  assert.equal(await outcome(silent), 'timeout');
});

test('a new name: granted, refused, and asked for in the greeting', async () => {
  const s = setup({ nick: 'ann' }).enter();
  const granted = s.chat.rename('anna');
  const refused = s.chat.rename('bob');
  assert.deepEqual(s.socket.take('nick').map(({ nick }) => nick), ['anna', 'bob']);
  s.socket.says({ type: 'nick', room: 'lobby', old: 'ann', nick: 'anna' }, { type: 'nick', old: 'ann', nick: 'anna' }, error('nick_taken'));
  assert.deepEqual([await outcome(granted), await outcome(refused), s.chat.nick, s.chat.wanted], ['anna', 'nick_taken', 'anna', 'anna']);
  assert.deepEqual(s.of('nick').map(({ self }) => self), [true, true]);
  s.socket.drops();
  const wished = [s.chat.rename('eve'), s.chat.rename('zoe')];
  s.clock.advance(2_000);
  s.welcome('s1', { nick: 'zoe' });
  assert.equal(s.socket.take('hello')[0].nick, 'zoe');
  assert.deepEqual([await outcome(wished[0]), await outcome(wished[1])], ['replaced', 'zoe']);
});

test('a name that is refused in the greeting is told; a wish for it fails', async () => {
  const s = setup({ nick: 'ann' });
  s.chat.connect();
  s.welcome('s1', { nick: 'guest-1' });
  s.socket.says(error('nick_taken'));
  assert.deepEqual(s.of('error').map(({ code }) => code), ['nick_taken']);
  s.socket.drops();
  const wish = s.chat.rename('bob');
  s.clock.advance(2_000);
  s.welcome('s1', { nick: 'guest-1' });
  s.socket.says(error('nick_taken'));
  assert.equal(await outcome(wish), 'nick_taken');
  assert.equal(s.chat.wanted, 'ann', 'the one before is asked for again');
});

test('a name wished for between greeting and welcome is asked for then, whatever becomes of the one in the greeting', async () => {
  for (const [called, refusals] of [['ann', []], ['guest-1', [error('nick_taken')]]]) {
    const s = setup({ nick: 'ann' });
    s.chat.connect();
    s.socket.opens();
    const wish = s.chat.rename('zoe');
    s.welcome('s1', { nick: called, opened: true });
    s.socket.says(...refusals);
    assert.deepEqual(s.socket.take('nick'), [{ type: 'nick', nick: 'zoe' }]);
    assert.deepEqual([await outcome(wish), s.chat.wanted, s.of('error')], ['waits', 'zoe', []]);
    const next = s.chat.rename('eve');
    s.socket.says({ type: 'nick', old: called, nick: 'zoe' }, error('bad_nick'));
    assert.deepEqual([await outcome(wish), await outcome(next), s.chat.wanted], ['zoe', 'bad_nick', 'zoe']);
  }
});

test('a loop takes what is said from now on, to its end', async () => {
  const s = setup().enter({ head: 2 });
  s.socket.says(message(1));
  const stream = s.chat.messages('lobby');
  s.socket.says(message(2), message(3), message(4));
  s.chat.close();
  const taken = [];
  for await (const { text } of stream) taken.push(text);
  assert.deepEqual(taken, ['t3', 't4']);
});

test('a loop may take the past as well, joins its room, and is free of others', async () => {
  const s = setup();
  const all = s.chat.messages('lobby', { past: true });
  const dev = s.chat.messages('dev');
  const waiting = dev.next();
  s.chat.connect();
  s.welcome();
  assert.deepEqual(s.socket.take('join').map(({ room }) => room), ['lobby', 'dev']);
  s.socket.says(joined({ head: 1 }), message(1), joined({ room: 'dev' }), message(1, { room: 'dev', text: 'd1' }));
  assert.equal((await all.next()).value.text, 't1');
  assert.equal((await waiting).value.text, 'd1');
  s.chat.leave('dev');
  assert.equal((await dev.next()).done, true);
});

test('a loop that is left takes nothing more', async () => {
  const s = setup().enter();
  const stream = s.chat.messages('lobby');
  s.socket.says(message(1), message(2));
  for await (const each of stream) { assert.equal(each.seq, 1); break; }
  s.socket.says(message(3));
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
});

test('a room that is joined on hearing the welcome is asked for once', () => {
  const s = setup({ rooms: ['dev'] });
  s.chat.on('welcome', ({ room }) => s.chat.join(room));
  s.chat.connect();
  s.welcome('s1', { room: 'lobby' });
  assert.deepEqual(s.socket.take('join').map(({ room }) => room), ['dev', 'lobby']);
});

test('a slow loop holds a bounded number; the oldest go, and the next message says which', async () => {
  const s = setup().enter();
  const stream = s.chat.messages('lobby', { buffer: 3 });
  for (let seq = 1; seq <= 8; seq += 1) s.socket.says(message(seq));
  s.socket.says({ type: 'gap', room: 'lobby', from: 9, to: 11 }, message(12));
  assert.deepEqual((await take(stream, 3)).map(({ seq, missed }) => [seq, missed]), [[7, { from: 1, to: 6 }], [8, undefined], [12, { from: 9, to: 11 }]]);
  for (let seq = 13; seq <= 16; seq += 1) s.socket.says(message(seq));
  assert.deepEqual((await take(stream, 1)).map(({ seq, missed }) => [seq, missed]), [[14, { from: 13, to: 13 }]]);
  assert.equal(s.of('message').every(({ missed }) => missed === undefined), true, 'others missed nothing');
});

test('storage: session and outbox outlive the program, failures with their reasons', async () => {
  const storage = new FakeStorage();
  const first = setup({ storage }).enter();
  first.chat.send('lobby', 'in flight');
  first.chat.send('lobby', 'x'.repeat(5000));
  await outcome(new Promise(() => {}));
  const s = setup({ storage });
  assert.deepEqual(s.chat.outbox.map(({ id, state, code }) => [id, state, code]), [['c1', 'pending', undefined], ['c2', 'failed', 'too_long']]);
  s.chat.join('lobby');
  s.chat.connect();
  s.welcome();
  assert.equal(s.socket.take('hello')[0].session, 's1');
  s.socket.says(joined());
  assert.deepEqual(s.socket.take('message').map(({ id }) => id), ['c1']);
});

test('storage that is forbidden, full or broken does no harm', () => {
  const refuses = () => { throw new Error('SecurityError'); };
  for (const storage of [{ getItem: refuses, setItem: refuses }, new FakeStorage().fill([['chatbridge.outbox', '{"not":"a list"}']]), new FakeStorage().fill([['chatbridge.outbox', '[null, 3, {}']])]) {
    const s = setup({ storage }).enter();
    s.chat.send('lobby', 'hi');
    s.socket.drops();
    s.comeBack();
    assert.equal(s.socket.take('hello')[0].session, 's1');
  }
});

test('what another client of ours left behind is taken over under its ids', () => {
  const s = setup().enter();
  s.chat.adopt([{ id: 'old', room: 'lobby', text: 'left' }, { id: 'psst', to: 'bob', text: 'told?', written: true }]);
  assert.deepEqual(s.socket.take('message').map(({ id }) => id), ['old']);
  assert.deepEqual(s.chat.outbox.map(({ state, code }) => [state, code]), [['pending', undefined], ['failed', 'unknown']]);
});

test('clients of one storage are one person: the second greets with the session of the first', () => {
  const storage = new FakeStorage();
  setup({ storage }).enter();
  const second = setup({ storage });
  second.chat.connect();
  second.socket.opens();
  assert.equal(second.socket.take('hello')[0].session, 's1');
});

test('a server that forgot the session gives several clients of one storage a new one each: all take the first', () => {
  const storage = new FakeStorage();
  const a = setup({ storage, nick: 'ann' }).enter();
  const b = setup({ storage, nick: 'ann' }).enter();
  for (const s of [a, b]) { s.socket.drops(); s.clock.advance(2_000); s.socket.opens(); }
  a.welcome('s2', { opened: true });
  b.welcome('s3', { opened: true });
  assert.equal(b.WebSocket.all.at(-2).closed, 1000, 'greets anew');
  b.welcome('s2');
  assert.equal(b.socket.take('hello')[0].session, 's2');
  assert.deepEqual([a.chat.connected, b.chat.connected, storage.getItem('chatbridge.session')], [true, true, 's2']);
});

test('given sessions in the same instant, they agree on the one that was kept last, when nothing is under way', () => {
  const storage = new FakeStorage();
  const scope = new EventTarget();
  const s = setup({ storage }, { scope }).enter();
  const sent = s.chat.send('lobby', 'under way');
  storage.setItem('chatbridge.session', 's2');
  scope.dispatchEvent(new Event('storage'));
  assert.equal(s.WebSocket.all.length, 1, 'the other session would not know the message');
  s.socket.says({ type: 'ack', id: sent.id, room: 'lobby', seq: 1 });
  assert.equal(s.WebSocket.all.length, 2);
  s.welcome('s2');
  scope.dispatchEvent(new Event('storage'));
  assert.equal(s.WebSocket.all.length, 2);
});

test('it wakes up with the network, the page and the machine, and not after it was closed', () => {
  const scope = Object.assign(new EventTarget(), { document: Object.assign(new EventTarget(), { visibilityState: 'visible' }) });
  const wakers = {
    online: () => scope.dispatchEvent(new Event('online')),
    pageshow: () => scope.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true })),
    visible: () => scope.document.dispatchEvent(new Event('visibilitychange')),
    resume: () => scope.document.dispatchEvent(new Event('resume')),
  };
  for (const [name, wake] of Object.entries(wakers)) {
    const s = setup({}, { scope });
    s.chat.connect();
    s.socket.drops();
    wake();
    assert.equal(s.WebSocket.all.length, 2, name);
    s.chat.close();
    wake();
    assert.equal(s.WebSocket.all.length, 2, `${name}, closed`);
  }
});

test('told that the network is gone it asks whether it is, and does not try to connect', () => {
  const scope = new EventTarget();
  const s = setup({}, { scope }).enter();
  s.socket.says({ type: 'pong' });
  scope.dispatchEvent(new Event('offline'));
  assert.equal(s.socket.take('ping').length, 1);
  s.clock.advance(4_000);
  assert.equal(s.chat.state.name, 'waiting');
  scope.dispatchEvent(new Event('offline'));
  assert.equal(s.WebSocket.all.length, 1);
});
