// The chat as state: rooms, names, refusals, typing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { began, joined, kept, message, settled, setup } from './chat_scene.mjs';

test('greeting, joining, saying', () => {
  const s = setup({ nick: 'ann' });
  s.chat.join('lobby');
  s.chat.say('lobby', 'early');
  s.chat.start();
  s.welcome();
  assert.deepEqual(s.socket.sent, [{ type: 'hello', nick: 'ann' }, { type: 'join', room: 'lobby' }]);
  s.socket.says(joined());
  assert.deepEqual(s.socket.take('message'), [{ type: 'message', room: 'lobby', text: 'early', id: 'c1' }]);
  s.chat.say('lobby', 'waves', { action: true });
  assert.deepEqual(s.socket.take('message'), [{ type: 'message', room: 'lobby', text: 'waves', id: 'c2', action: true }]);
});

test('a lost connection: same session, join from where one was, the same ids again', () => {
  const s = setup();
  s.chat.join('lobby');
  s.chat.start();
  s.welcome();
  s.socket.says(joined({ head: 1 }), message(1));
  for (const text of ['one', 'two']) s.chat.say('lobby', text);
  s.socket.says({ type: 'ack', id: 'c1', room: 'lobby', seq: 2 });
  s.socket.drops();
  s.chat.say('lobby', 'three');
  s.comeBack('s1');
  assert.deepEqual(s.socket.take('hello'), [{ type: 'hello', session: 's1' }]);
  assert.deepEqual(s.socket.take('join'), [{ type: 'join', room: 'lobby', after: 1, epoch: 'e1' }]);
  assert.deepEqual(s.waiting(), ['one sent', 'two pending', 'three pending']);
  s.socket.says(joined({ head: 3 }));
  assert.deepEqual(s.socket.take('message').map((frame) => frame.id), ['c2', 'c3']);
  s.socket.says(message(2, { nick: 'ann', id: 'c1', text: 'one' }), message(3, { nick: 'ann', id: 'c2', text: 'two' }), { type: 'ack', id: 'c2', room: 'lobby', seq: 3 });
  s.socket.says({ type: 'ack', id: 'c3', room: 'lobby', seq: 4 }, message(4, { nick: 'ann', id: 'c3', text: 'three' }));
  assert.deepEqual(s.seen(), ['t1', 'one', 'two', 'three']);
  assert.deepEqual(s.waiting(), []);
});

test('another server run: what was acknowledged stays above the line, what was pending goes out once below it', () => {
  const s = setup();
  s.chat.join('lobby');
  s.chat.start();
  s.welcome('s1');
  s.socket.says(joined({ head: 5 }), message(5));
  s.chat.say('lobby', 'acknowledged');
  s.socket.says({ type: 'ack', id: 'c1', room: 'lobby', seq: 6 });
  s.chat.say('lobby', 'pending');
  s.socket.says({ type: 'bye', reason: 'shutdown', retry_after_ms: 800 });
  s.socket.drops(1001);
  s.chat.say('lobby', 'offline');
  s.comeBack('s2');
  assert.equal(s.socket.take('join')[0].after, 5);
  s.socket.says(joined({ epoch: 'e2', recovered: false }));
  assert.deepEqual(s.socket.take('message').map((frame) => frame.text), ['pending', 'offline']);
  s.socket.says(message(1, { nick: 'ann', id: 'c2', text: 'pending' }), { type: 'ack', id: 'c2', room: 'lobby', seq: 1 }, message(2, { nick: 'ann', id: 'c3', text: 'offline' }));
  assert.deepEqual(s.seen(), ['t5', 'acknowledged', 'epoch', 'pending', 'offline']);
  s.socket.drops();
  s.comeBack('s2');
  assert.deepEqual(s.socket.take('join'), [{ type: 'join', room: 'lobby', after: 2, epoch: 'e2' }]);
  s.socket.says(joined({ epoch: 'e2', head: 2 }));
  assert.deepEqual(s.socket.take('message'), []);
});

test('an acknowledged message inside a gap stays where it belongs', () => {
  const s = setup();
  s.chat.join('lobby');
  s.chat.start();
  s.welcome();
  s.socket.says(joined({ head: 1 }), message(1));
  s.chat.say('lobby', 'mine');
  s.socket.says({ type: 'ack', id: 'c1', room: 'lobby', seq: 3 });
  s.socket.drops();
  s.comeBack('s1');
  s.socket.says(joined({ head: 9, recovered: false }), { type: 'gap', room: 'lobby', from: 2, to: 8 }, message(9));
  assert.deepEqual(s.seen(), ['t1', 'gap', 'mine', 't9']);
  assert.deepEqual(s.waiting(), []);
});

test('sent again after a reload, acknowledged as long since there: it shows once', () => {
  const s = setup({ storage: kept('s1', [{ id: 'old', room: 'lobby', text: 'from before', action: false, at: 0, state: 'pending' }]) });
  s.chat.join('lobby');
  s.chat.start();
  s.welcome('s1');
  s.socket.says(joined({ head: 8 }));
  assert.equal(s.socket.take('message')[0].id, 'old');
  s.socket.says(message(7, { nick: 'ann', id: 'old', text: 'from before' }), message(8), { type: 'ack', id: 'old', room: 'lobby', seq: 7 });
  assert.deepEqual(s.seen(), ['from before', 't8']);
  assert.deepEqual(s.waiting(), []);
});

test('told "not now", it tries again by itself', () => {
  const s = setup();
  s.chat.join('lobby');
  s.chat.start();
  s.welcome();
  s.socket.says(joined());
  s.chat.say('lobby', 'hi');
  s.socket.take('message');
  s.socket.says({ type: 'error', code: 'overloaded', message: '', id: 'c1', room: 'lobby' });
  s.clock.advance(999);
  assert.deepEqual(s.socket.take('message'), []);
  s.clock.advance(1);
  assert.equal(s.socket.take('message')[0].id, 'c1');
});

test('an error that is no message of ours is handed on', () => {
  const errors = [];
  const s = setup({ on: { error: (frame) => errors.push(frame.code) } });
  s.chat.join('lobby');
  s.chat.start();
  s.welcome();
  s.socket.says({ type: 'error', code: 'nick_taken', message: '' }, joined());
  s.chat.say('lobby', 'hi');
  s.socket.says({ type: 'error', code: 'forbidden', message: 'no', id: 'c1' });
  assert.deepEqual(errors, ['nick_taken']);
  assert.deepEqual(s.waiting(), ['hi failed']);
});

test('a name that is refused for its time is not asked for again by itself', async () => {
  const errors = [];
  const s = setup({ on: { error: (frame) => errors.push([frame.code, frame.renaming]) }, nick: 'ann' });
  s.chat.start();
  s.welcome();
  s.chat.rename('zoe');
  s.socket.says({ type: 'error', code: 'rate_limited', message: 'a nick can be changed 10 times a minute' });
  await settled();
  s.socket.says({ type: 'error', code: 'rate_limited', message: 'you send faster than 20 messages a second' });
  assert.deepEqual(errors, [['rate_limited', 'zoe'], ['rate_limited', undefined]]);
  assert.equal(s.chat.wanted, 'ann');
});

test('somebody who is gone is told to be, once, until they are there again', () => {
  const s = setup();
  s.chat.start();
  s.welcome();
  for (const id of ['c1', 'c2']) {
    s.chat.direct('bob', 'psst');
    s.socket.says({ type: 'error', code: 'no_such_nick', message: '', id });
  }
  assert.deepEqual(s.entries('@bob'), ['gone']);
  assert.equal(s.chat.directs.conversations.get('@bob').gone, true);
  s.socket.says({ type: 'direct', nick: 'bob', to: 'ann', text: 'yes?', via: 'ws', at: '2026-01-02T03:04:05.678Z' });
  assert.equal(s.chat.directs.conversations.get('@bob').gone, false);
  s.chat.forget('@bob');
  assert.equal(s.chat.directs.conversations.size, 0);
  assert.deepEqual(s.waiting('@bob'), []);
});

test('a room that cannot be joined now is asked again, one that refuses is handed on', () => {
  const errors = [];
  const s = setup({ on: { error: (frame) => errors.push(frame.code) } });
  s.chat.join('lobby');
  s.chat.start();
  s.welcome();
  s.socket.take('join');
  s.socket.says({ type: 'error', code: 'overloaded', message: '', room: 'lobby' });
  s.clock.advance(3_000);
  assert.equal(s.socket.take('join').length, 1);
  s.socket.says({ type: 'error', code: 'forbidden', message: '', room: 'lobby' });
  s.clock.advance(3_000);
  assert.equal(s.socket.take('join').length, 0);
  assert.deepEqual(errors, ['forbidden']);
});

test('rooms joined and left while offline; an answer that comes too late opens nothing', () => {
  const s = setup();
  s.chat.join('lobby');
  s.chat.start();
  s.welcome();
  s.chat.join('dev');
  s.chat.join('dev');
  assert.deepEqual(s.socket.take('join').map((frame) => frame.room), ['lobby', 'dev']);
  s.chat.leave('dev');
  s.socket.says(joined({ room: 'dev' }));
  assert.deepEqual([...s.chat.store.rooms.keys()], ['lobby']);
  s.socket.drops();
  s.chat.leave('lobby');
  s.chat.join('ops');
  s.comeBack('s1');
  assert.deepEqual(s.socket.take('join').map((frame) => frame.room), ['ops']);
});

test('a name wished for while offline is asked for in the greeting', () => {
  const s = setup();
  assert.equal(s.chat.rename('eve'), false);
  s.chat.start();
  s.welcome();
  assert.deepEqual(s.socket.sent, [{ type: 'hello', nick: 'eve' }]);
});

test('a name that was refused is not asked for again, the one before is', () => {
  const s = setup();
  s.chat.rename('ann');
  s.chat.start();
  s.welcome();
  s.chat.rename('bob');
  s.socket.says({ type: 'error', code: 'nick_taken', message: '' });
  assert.equal(s.chat.wanted, 'ann');
});

test('a crowd that became small is asked for by name, not more than once in a while', () => {
  const s = setup();
  s.chat.join('lobby');
  s.chat.start();
  s.welcome();
  s.socket.says(joined({ members: undefined, count: 120 }), { type: 'presence', room: 'lobby', count: 119 });
  assert.deepEqual(s.socket.take('who'), []);
  const smaller = { type: 'presence', room: 'lobby', count: 79, joined: [], left: [{ nick: 'x' }] };
  s.socket.says(smaller, smaller);
  assert.equal(s.socket.take('who').length, 1);
  s.clock.advance(5_000);
  s.socket.says(smaller);
  assert.equal(s.socket.take('who').length, 1);
});

test('older messages are asked for from the oldest one, one question at a time', async () => {
  const s = setup();
  s.chat.join('lobby');
  s.chat.start();
  s.welcome();
  s.socket.says(joined({ head: 60 }), message(11));
  assert.equal(s.chat.history('lobby', 20), true);
  assert.equal(s.chat.history('lobby', 20), false);
  assert.deepEqual(s.socket.take('history'), [{ type: 'history', room: 'lobby', before: 11, limit: 20 }]);
  s.socket.says({ type: 'history', room: 'lobby', messages: [message(9), message(10)], more: false });
  await settled();
  assert.equal(s.chat.history('lobby'), false, 'there is nothing above');
  assert.deepEqual(s.seen(), ['t9', 't10', 't11']);
});

test('typing: of others in the room until they are heard, gone or renamed; never of oneself', () => {
  const s = began();
  const typing = (nick, room = 'lobby') => s.socket.says({ type: 'typing', room, nick });
  const names = () => s.chat.typists.names('lobby');
  for (const nick of ['bob', 'eve', 'dan', 'ann']) typing(nick);
  typing('bob', 'dev');
  assert.deepEqual(names(), ['bob', 'eve', 'dan']);
  s.socket.says(message(1), { type: 'presence', room: 'lobby', count: 2, joined: [], left: [{ nick: 'dan' }] }, { type: 'nick', room: 'lobby', old: 'eve', nick: 'eva' });
  assert.deepEqual(names(), ['eva']);
  s.socket.drops();
  assert.deepEqual(names(), []);
});

test('typing is told to the room, and to nobody without one', () => {
  const s = setup();
  s.chat.join('lobby');
  s.chat.typed('lobby', 'x');
  s.chat.start();
  s.welcome();
  s.chat.typed('lobby', 'x');
  s.socket.says(joined());
  s.chat.typed('@bob', 'x');
  s.chat.typed('lobby', 'x');
  assert.deepEqual(s.socket.take('typing'), [{ type: 'typing', room: 'lobby' }]);
});

test('told once that it writes too fast, it hands that on and loses nothing', () => {
  const errors = [];
  const s = began({ on: { error: (frame) => errors.push(frame.code) } });
  s.chat.say('lobby', 'one');
  s.chat.direct('bob', 'two');
  s.socket.says({ type: 'error', code: 'rate_limited', message: 'slower' });
  assert.deepEqual([errors, s.waiting(), s.waiting('@bob')], [['rate_limited'], ['one pending'], ['two pending']]);
  s.socket.says({ type: 'ack', id: 'c1', room: 'lobby', seq: 1 }, { type: 'ack', id: 'c2' });
  assert.deepEqual([s.waiting(), s.waiting('@bob')], [['one sent'], []]);
});

test('a room one was never let into is not left', () => {
  const errors = [];
  const s = began({ on: { error: (frame) => errors.push(frame.room) } });
  s.chat.join('one-more');
  s.socket.says({ type: 'error', code: 'too_many', message: 'too many rooms', room: 'one-more' });
  s.chat.leave('one-more');
  s.chat.leave('lobby');
  assert.deepEqual([errors, s.socket.take('leave').map((frame) => frame.room)], [['one-more'], ['lobby']]);
});

test('a server that knows no typing costs nobody a notice', () => {
  const errors = [];
  const s = began({ on: { error: (frame) => errors.push(frame.code) } });
  s.chat.typed('lobby', 'x');
  s.socket.says({ type: 'error', code: 'unknown_type', message: '' });
  assert.deepEqual(errors, []);
});
