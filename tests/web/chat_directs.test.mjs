// The chat as state: conversations between two.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { began, direct, setup } from './chat_scene.mjs';
import { FakeStorage } from './fakes.mjs';

test('a direct message: sent to the name as the room has it, acknowledged, said', () => {
  const s = began();
  s.chat.direct('bob', 'psst');
  assert.deepEqual(s.socket.take('direct'), [{ type: 'direct', nick: 'Bob', text: 'psst', id: 'c1' }]);
  assert.deepEqual(s.waiting('@bob'), ['psst pending']);
  s.socket.says({ type: 'ack', id: 'c1' });
  assert.deepEqual(s.waiting('@bob'), []);
  assert.deepEqual(s.entries('@bob'), ['ann: psst']);
  assert.equal(s.chat.directs.conversations.get('@bob').entries[0].key, 'out-c1');
});

test('a direct message that nobody gets fails, and can be sent again', () => {
  const errors = [];
  const s = began({ on: { error: (frame) => errors.push(frame.code) } });
  s.chat.direct('zoe', 'psst');
  s.socket.take('direct');
  s.socket.says({ type: 'error', code: 'no_such_nick', message: 'no', id: 'c1' });
  assert.deepEqual([s.waiting('@zoe'), errors], [['psst failed'], []]);
  s.chat.retry('c1');
  assert.equal(s.socket.take('direct')[0].id, 'c1');
});

test('unanswered when the connection is lost, a direct message is not sent again by itself; what never went out is sent', () => {
  const s = began();
  s.chat.direct('bob', 'unanswered');
  s.socket.drops();
  s.chat.direct('bob', 'offline');
  s.comeBack('s1');
  assert.deepEqual(s.socket.take('direct').map((frame) => frame.text), ['offline']);
  assert.deepEqual(s.waiting('@bob'), ['unanswered failed', 'offline pending']);
});

test('direct messages need no room', () => {
  const s = setup();
  s.chat.start();
  s.welcome();
  s.chat.direct('bob', 'psst');
  assert.equal(s.socket.take('direct').length, 1);
});

test('what another connection of ours said stands as ours, in the conversation with whom it was for', () => {
  const told = [];
  const s = began({ on: { direct: ({ nick }) => told.push(nick) } });
  s.socket.says(direct({ nick: 'ann', to: 'bob', text: 'mine' }), direct({ text: 'theirs' }));
  assert.deepEqual(s.entries('@bob'), ['ann: mine', 'bob: theirs']);
  assert.deepEqual(s.chat.directs.conversations.get('@bob').entries.map((entry) => entry.own), [true, false]);
  assert.deepEqual(told, ['bob']);
  s.chat.show('@bob');
  s.socket.says(direct());
  assert.deepEqual(told, ['bob'], 'who looks is not told');
});

test('a conversation follows whom it is with, once, with what waits in it', () => {
  const moves = [];
  const s = began({ on: { moved: (move) => moves.push(move) } });
  s.socket.says(direct());
  s.chat.show('@bob');
  s.chat.direct('bob', 'refused');
  s.socket.take('direct');
  for (const room of ['lobby', 'dev']) s.socket.says({ type: 'nick', room, old: 'bob', nick: 'rob' });
  s.socket.says({ type: 'error', code: 'no_such_nick', message: '', id: 'c1' });
  assert.deepEqual(moves, [{ from: '@bob', to: '@rob' }]);
  assert.deepEqual([s.chat.store.current, s.chat.directs.current], ['@rob', '@rob']);
  assert.deepEqual([s.entries('@rob'), s.waiting('@rob')], [['bob: psst', 'renamed'], ['refused failed']]);
  s.chat.retry('c1');
  assert.equal(s.socket.take('direct')[0].nick, 'rob');
});

test('our own new name moves no conversation', () => {
  const s = began();
  s.chat.converse('ann');  // with whoever was called that before us
  s.socket.says(direct({ nick: 'eve' }));
  for (const room of [undefined, 'lobby', 'dev']) s.socket.says({ type: 'nick', room, old: 'ann', nick: 'anna' });
  s.socket.says(direct({ nick: 'ann', to: 'eve', text: 'mine, a moment late' }), direct({ nick: 'eve', to: 'ann', text: 'theirs, a moment late' }), direct({ nick: 'anna', to: 'eve', text: 'mine' }));
  assert.deepEqual(s.entries('@eve'), ['eve: psst', 'ann: mine, a moment late', 'eve: theirs, a moment late', 'anna: mine']);
  assert.deepEqual([...s.chat.directs.conversations.keys()], ['@ann', '@eve']);
});

test('conversations and what waits in them outlive the program', () => {
  const keep = { saveDirects: (directs) => { keep.directs = structuredClone(directs); } };
  const storage = new FakeStorage();
  const s = began({ keep, storage });
  s.socket.says(direct());
  s.chat.direct('bob', 'unanswered');
  s.chat.direct('zoe', 'as well');
  s.chat.save();
  const again = setup({ keep, storage });
  assert.deepEqual(again.entries('@bob'), ['bob: psst']);
  assert.deepEqual([again.waiting('@bob'), again.waiting('@zoe')], [['unanswered failed'], ['as well failed']]);
  assert.ok(again.chat.directs.conversations.get('@zoe').open);
});

test('conversations are saved once a second at most, at once when the page goes, and for strangers not at all', () => {
  let saved = 0;
  const s = began({ keep: { saveDirects: () => { saved += 1; } } });
  const saves = (what) => { saved = 0; what(); return saved; };
  s.clock.advance(1_000);
  assert.equal(saves(() => s.socket.says(direct(), direct({ text: 'and?' }), direct({ text: 'hello?' }))), 1);
  assert.equal(saves(() => s.clock.advance(1_000)), 1);
  assert.equal(saves(() => s.clock.advance(10_000)), 0);
  assert.equal(saves(() => { s.socket.says(direct()); s.chat.show('lobby'); s.chat.save(); s.chat.save(); }), 2);
  s.clock.advance(1_000);
  assert.equal(saves(() => { s.socket.says({ type: 'nick', room: 'lobby', old: 'zoe', nick: 'zora' }); s.clock.advance(1_000); }), 0);
  assert.equal(saves(() => s.socket.says({ type: 'nick', room: 'lobby', old: 'bob', nick: 'BOB' })), 1);
});

test('what was read in another tab, or on coming back to this one, is saved as read', () => {
  const keep = { saveDirects: (directs) => { keep.directs = structuredClone(directs); } };
  const s = began({ keep });
  const saved = () => { s.clock.advance(2_000); return keep.directs[0].unread; };
  s.socket.says(direct());
  assert.equal(saved(), 1);
  s.chat.read('@bob');
  assert.equal(saved(), 0);
  s.chat.show('@bob');
  s.chat.attend(false);
  s.socket.says(direct({ text: 'and?' }));
  assert.equal(saved(), 1);
  s.chat.attend(true);
  assert.equal(saved(), 0);
});

test('how far rooms were read is saved with the rest, and known to the next page', () => {
  const keep = { read: {}, saveRead: (marks) => { keep.read = marks; }, readTo: (room) => keep.read[room] };
  const s = began({ keep });
  s.chat.show('lobby');
  s.socket.says({ type: 'message', room: 'lobby', seq: 3, at: '2026-01-02T03:04:05.678Z', nick: 'bob', via: 'tcp', text: 'x' });
  s.chat.save();
  assert.deepEqual(keep.read, { lobby: { epoch: 'e1', seq: 3 } });
  assert.equal(began({ keep }).chat.store.rooms.get('lobby').readTo, 0, 'a server that has forgotten more than was read');
});
