// The client without a server or a browser: connection, rooms, and what is written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatBridge } from '../../web/client.js';
import { error, joined, message, outcome, setup } from './client_scene.mjs';
import { FakeStorage } from './fakes.mjs';

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

test('acknowledged below where this room began: it is told that the room has it and will not show it', async () => {
  const s = setup({ storage: new FakeStorage().fill([['chatbridge.session', 's1'], ['chatbridge.outbox', '[{"id":"old","room":"lobby","text":"long there"}]']]) });
  s.enter({ head: 90 });
  s.socket.says(message(89), message(90), { type: 'ack', id: 'old', room: 'lobby', seq: 7 });
  assert.deepEqual(s.of('outbox').map(({ change }) => change), ['sent', 'unseen']);
  assert.deepEqual(s.chat.outbox, []);
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
