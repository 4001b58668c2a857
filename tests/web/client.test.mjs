// The client without a server or a browser: the test is both.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatBridge } from '../../web/client.js';
import { FakeClock, FakeStorage, counter, fakeSockets } from './fakes.mjs';

const message = (seq, more = {}) => ({ type: 'message', room: 'lobby', seq, at: '2026-01-02T03:04:05.678Z', nick: 'bob', via: 'tcp', text: `t${seq}`, ...more });
const joined = (more = {}) => ({ type: 'joined', room: 'lobby', epoch: 'e1', head: 0, recovered: true, count: 1, members: [], ...more });
const error = (code, more = {}) => ({ type: 'error', code, message: `because ${code}`, ...more });
const EVENTS = ['state', 'welcome', 'joined', 'message', 'gap', 'presence', 'nick', 'direct', 'typing', 'outbox', 'latency', 'error', 'bye'];

function setup(options = {}, { clock = new FakeClock(), WebSocket = fakeSockets(), scope = {} } = {}) {
  const chat = new ChatBridge({ url: 'http://host/', WebSocket, ...options }, { clock, random: () => 0, id: counter('c'), scope });
  const heard = [];
  for (const type of EVENTS) chat.on(type, (detail) => heard.push([type, detail]));
  const s = {
    chat, clock, WebSocket, heard,
    get socket() { return WebSocket.last; },
    of: (type) => heard.filter(([kind]) => kind === type).map(([, detail]) => detail),
    texts: () => s.of('message').map(({ text }) => text),
    welcome(session = 's1', { opened = false, ...more } = {}) {
      if (!opened) s.socket.opens();
      s.socket.says({ type: 'welcome', nick: 'ann', session, room: 'lobby', limits: { message_bytes: 4096, message_lines: 100 }, ...more });
      s.socket.take('ping');
    },
    comeBack(session = 's1') { s.clock.advance(2_000); s.welcome(session); },
    enter(frame = {}) {
      chat.connect();
      s.welcome();
      chat.join('lobby');
      s.socket.says(joined(frame));
      s.socket.sent = [];
      return s;
    },
  };
  return s;
}

// What becomes of a promise, or 'waits'.
async function outcome(promise) {
  const nothing = Symbol('nothing');
  const later = new Promise((resolve) => { setImmediate(resolve, nothing); });
  try {
    const value = await Promise.race([promise, later]);
    return value === nothing ? 'waits' : value;
  } catch (reason) {
    return reason.code;
  }
}

async function take(stream, count) {
  const taken = [];
  for (let i = 0; i < count; i += 1) taken.push((await stream.next()).value);
  return taken;
}

test('the address of a page, of a host or of a WebSocket, all lead to its /ws', () => {
  for (const [given, meant] of [
    ['http://host', 'ws://host/ws'], ['https://host:8443/#room', 'wss://host:8443/ws'], ['ws://host/ws', 'ws://host/ws'], ['wss://host/chat/ws', 'wss://host/chat/ws'],
  ]) {
    const s = setup({ url: given });
    s.chat.connect();
    assert.equal(s.socket.url, meant);
    s.chat.close();
  }
});

test('without any WebSocket it says what to do', () => {
  assert.throws(() => new ChatBridge({ url: 'http://host/', WebSocket: null }), /Node 22 or newer/);
});

test('connect resolves when welcomed, again after a loss, and fails when closed before', async () => {
  const s = setup();
  const first = s.chat.connect();
  assert.equal(await outcome(first), 'waits');
  s.welcome();
  assert.equal(await outcome(first), undefined);
  assert.equal(await outcome(s.chat.connect()), undefined);
  s.socket.drops();
  const second = s.chat.connect();
  s.clock.advance(500);
  assert.equal(await outcome(second), 'waits');
  s.welcome();
  assert.equal(await outcome(second), undefined);
  s.socket.drops();
  const third = s.chat.connect();
  s.chat.close();
  assert.equal(await outcome(third), 'closed');
  assert.equal(s.chat.state.name, 'offline');
});

test('when it is connected, it knows its name and its limits already', () => {
  const s = setup({ nick: 'Ann' });
  let known;
  s.chat.on('state', ({ name }) => { if (name === 'connected') known = [s.chat.nick, s.chat.limits.message_bytes]; });
  s.chat.connect();
  s.welcome('s1', { nick: 'Ann', limits: { message_bytes: 100 } });
  assert.deepEqual(known, ['Ann', 100]);
  assert.deepEqual(s.of('state').map(({ name }) => name), ['connecting', 'connected']);
});

test('rooms are joined with the connection, and again from where one was', async () => {
  const s = setup({ rooms: ['lobby', 'dev'] });
  const entered = s.chat.join('lobby');
  s.chat.connect();
  s.welcome();
  assert.deepEqual(s.socket.take('join'), [{ type: 'join', room: 'lobby' }, { type: 'join', room: 'dev' }]);
  s.socket.says(joined({ head: 4, count: 7 }), message(4), message(5));
  assert.equal((await entered).count, 7);
  s.socket.drops();
  s.comeBack();
  assert.deepEqual(s.socket.take('join'), [{ type: 'join', room: 'lobby', after: 5, epoch: 'e1' }, { type: 'join', room: 'dev' }]);
});

test('a place from before can be given: nothing of what follows is past', () => {
  const s = setup();
  s.chat.join('lobby', { after: 7, epoch: 'e1' });
  s.chat.connect();
  s.welcome();
  assert.deepEqual(s.socket.take('join'), [{ type: 'join', room: 'lobby', after: 7, epoch: 'e1' }]);
  s.socket.says(joined({ head: 9 }), message(8), message(9));
  assert.deepEqual(s.of('message').map(({ past }) => past), [false, false]);
});

test('every message once and in order, whatever is told again', () => {
  const s = setup().enter();
  s.socket.says(message(1), message(2), message(2), message(1), message(3));
  s.socket.drops();
  s.comeBack();
  s.socket.says(joined({ head: 4 }), message(3), message(4));
  assert.deepEqual(s.texts(), ['t1', 't2', 't3', 't4']);
});

test('another numbering begins from its start', () => {
  const s = setup().enter({ head: 7 });
  s.socket.says(message(7));
  s.socket.drops();
  s.comeBack('s2');
  assert.deepEqual(s.socket.take('join'), [{ type: 'join', room: 'lobby', after: 7, epoch: 'e1' }]);
  s.socket.says(joined({ epoch: 'e2', recovered: false, head: 1 }), message(1), message(2));
  assert.deepEqual(s.of('message').map(({ seq, past }) => [seq, past]), [[7, true], [1, false], [2, false]]);
});

test('what was said before one came is past; own is what this person says, mine what went out here', async () => {
  const s = setup().enter({ head: 2 });
  s.chat.send('lobby', 'hi');
  s.socket.says(message(1), message(2, { nick: 'ann' }), message(3), message(4, { nick: 'ann', id: 'c1', text: 'hi' }));
  assert.deepEqual(s.of('message').map(({ past, own, mine }) => [past, own, mine]), [[true, false, false], [true, true, false], [false, false, false], [false, true, true]]);
});

test('a message sent resolves with its number, whether the ack comes first or the message', async () => {
  const s = setup().enter();
  const sent = [s.chat.send('lobby', 'one'), s.chat.send('lobby', 'two', { action: true })];
  assert.deepEqual(sent.map(({ id }) => id), ['c1', 'c2']);
  assert.deepEqual(s.socket.take('message'), [{ type: 'message', room: 'lobby', text: 'one', id: 'c1' }, { type: 'message', room: 'lobby', text: 'two', id: 'c2', action: true }]);
  s.socket.says({ type: 'ack', id: 'c1', room: 'lobby', seq: 1 }, message(2, { id: 'c2' }));
  assert.deepEqual(await Promise.all(sent), [{ id: 'c1', seq: 1 }, { id: 'c2', seq: 2 }]);
});

test('written offline, it is sent under its id when the room is there; unanswered, once more after a reconnect', async () => {
  const s = setup();
  const sent = s.chat.send('lobby', 'early');
  s.chat.connect();
  s.welcome();
  assert.deepEqual(s.socket.take('message'), [], 'not before the room is joined');
  s.socket.says(joined());
  s.socket.drops();
  assert.equal(await outcome(sent), 'waits');
  s.comeBack();
  assert.equal(s.socket.take('hello')[0].session, 's1');
  s.socket.says(joined());
  assert.deepEqual(s.socket.take('message').map(({ id }) => id), ['c1']);
  s.socket.says({ type: 'ack', id: 'c1', room: 'lobby', seq: 1 });
  assert.equal((await sent).seq, 1);
});

test('refused, it fails with the code and stays until it is retried or discarded', async () => {
  const s = setup().enter();
  const first = s.chat.send('lobby', 'hi');
  s.socket.says(error('forbidden', { id: 'c1', room: 'lobby' }));
  assert.equal(await outcome(first), 'forbidden');
  assert.deepEqual(s.chat.outbox.map(({ id, state, code }) => [id, state, code]), [['c1', 'failed', 'forbidden']]);
  assert.deepEqual(s.of('error'), [], 'whoever sent it knows');
  const again = s.chat.retry('c1');
  assert.equal(again.id, 'c1');
  s.socket.says({ type: 'ack', id: 'c1', room: 'lobby', seq: 3 });
  assert.equal((await again).seq, 3);
  assert.equal(s.chat.retry('c1'), null);
});

test('a text over the limits fails at once, with what is wrong', async () => {
  const s = setup().enter();
  const sent = s.chat.send('lobby', 'x'.repeat(5000));
  await assert.rejects(sent, { code: 'too_long', reason: { bytes: 5000, limit: 4096 } });
  assert.deepEqual(s.socket.take('message'), []);
  assert.equal(s.chat.discard('c1').text.length, 5000);
  assert.deepEqual(s.chat.outbox, []);
});

test('nobody has to wait for what is sent: a failure is no unhandled rejection', async () => {
  const unhandled = [];
  const listener = (reason) => unhandled.push(reason);
  process.on('unhandledRejection', listener);
  const s = setup();
  s.chat.send('lobby', 'x'.repeat(5000));
  s.chat.join('dev');
  s.chat.leave('dev');
  s.chat.rename('a');
  s.chat.rename('b');
  s.chat.connect();
  s.chat.close();
  await outcome(new Promise(() => {}));
  process.off('unhandledRejection', listener);
  assert.deepEqual(unhandled, []);
});

test('whoever leaves drops what waits there, and hears nothing more of it', async () => {
  const s = setup().enter();
  const sent = s.chat.send('lobby', 'hi');
  s.chat.leave('lobby');
  assert.equal(await outcome(sent), 'left');
  assert.deepEqual(s.socket.take('leave'), [{ type: 'leave', room: 'lobby' }]);
  s.socket.says(message(1));
  assert.deepEqual([s.texts(), s.chat.rooms, s.chat.outbox], [[], [], []]);
});

test('a room that lets nobody in: the join and what waits fail; one that is too busy is asked again', async () => {
  const s = setup();
  s.chat.connect();
  s.welcome();
  const entered = s.chat.join('dev');
  const sent = s.chat.send('dev', 'hi');
  s.socket.take('join');
  s.socket.says(error('overloaded', { room: 'dev' }));
  s.clock.advance(3_000);
  assert.equal(s.socket.take('join').length, 1);
  assert.equal(await outcome(entered), 'waits');
  s.socket.says(error('too_many', { room: 'dev' }));
  assert.deepEqual([await outcome(entered), await outcome(sent), s.chat.rooms], ['too_many', 'too_many', []]);
  assert.deepEqual(s.of('error').map(({ code }) => code), ['too_many']);
});

test('what a gap swallows of our own is told, and the gap', async () => {
  const s = setup().enter();
  const sent = s.chat.send('lobby', 'mine');
  s.socket.says({ type: 'ack', id: 'c1', room: 'lobby', seq: 3 });
  await sent;
  s.socket.drops();
  s.comeBack();
  s.socket.says(joined({ head: 9, recovered: false }), { type: 'gap', room: 'lobby', from: 1, to: 8 }, message(9));
  assert.deepEqual(s.of('outbox').map(({ change }) => change), ['pending', 'sent', 'unseen']);
  assert.deepEqual(s.of('gap').map(({ from, to }) => [from, to]), [[1, 8]]);
  assert.deepEqual(s.chat.outbox, []);
});

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
  s.clock.advance(15_000);
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

test('direct messages need no room, go to the new name, and are never sent twice by themselves', async () => {
  const s = setup();
  s.chat.connect();
  s.welcome();
  const sent = s.chat.direct('bob', 'psst');
  assert.deepEqual(s.socket.take('direct'), [{ type: 'direct', nick: 'bob', text: 'psst', id: 'c1' }]);
  s.socket.says({ type: 'ack', id: 'c1' });
  assert.deepEqual(await sent, { id: 'c1', seq: undefined });
  const lost = s.chat.direct('bob', 'lost');
  s.socket.drops();
  assert.equal(await outcome(lost), 'unknown');
  s.chat.direct('bob', 'offline');
  s.comeBack();
  assert.deepEqual(s.socket.take('direct').map(({ text }) => text), ['offline']);
  s.socket.says({ type: 'nick', room: 'lobby', old: 'bob', nick: 'rob' });
  s.chat.retry('c2');
  assert.deepEqual(s.socket.take('direct').map(({ nick, text }) => [nick, text]), [['rob', 'lost']]);
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

test('a listener that throws takes nothing from the others, and can be taken away', async () => {
  const s = setup().enter();
  const off = s.chat.on('message', () => assert.fail('taken away'));
  off();
  s.socket.says(message(1));
  assert.deepEqual(s.texts(), ['t1']);
  let detail;
  s.chat.addEventListener('message', (event) => { detail = event.detail; }, { once: true });
  s.socket.says(message(2), message(3));
  assert.equal(detail.seq, 2);
});

test('bye, presence, typing and latency are handed on', () => {
  const s = setup().enter();
  s.socket.says({ type: 'typing', room: 'lobby', nick: 'bob' }, { type: 'presence', room: 'lobby', count: 2, joined: [{ nick: 'bob', via: 'tcp' }], left: [] }, { type: 'pong' }, { type: 'bye', reason: 'shutdown', retry_after_ms: 800 });
  assert.deepEqual([s.of('typing')[0].nick, s.of('presence')[0].count, s.of('latency')[0], s.of('bye')[0].reason], ['bob', 2, 0, 'shutdown']);
  assert.equal(s.chat.latency, 0);
  s.socket.drops(1001);
  assert.deepEqual([s.chat.state.name, s.chat.state.reason, s.chat.state.retryAt - s.clock.now()], ['waiting', 'shutdown', 800]);
});

test('what a later server may say does no harm', () => {
  const s = setup().enter();
  s.socket.says({ type: 'reaction', room: 'lobby' }, { type: 'message', room: 'elsewhere', seq: 1 }, { type: 'ack', id: 'nobody' }, error('unknown_type'), { type: 'history', room: 'lobby', messages: [] }, message(1));
  assert.deepEqual([s.texts(), s.of('error')], [['t1'], []]);
});
