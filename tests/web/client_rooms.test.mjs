// The client without a server or a browser: rooms that are lost sight of, refused, left, or no rooms at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { error, joined, message, outcome, setup } from './client_scene.mjs';
import { FakeStorage } from './fakes.mjs';

const kept = (...items) => new FakeStorage().fill([['chatbridge.session', 's1'], ['chatbridge.outbox', JSON.stringify(items)]]);

test('what is no name of a room fails at once, and nothing of it is kept', async () => {
  for (const name of ['Lobby', 'two words', '-x', '', 'x'.repeat(65), undefined]) {
    const s = setup();
    const answers = [s.chat.join(name), s.chat.send(name, 'hi'), s.chat.who(name)];
    for (const answer of answers) assert.equal(await outcome(answer), 'bad_room', name);
    assert.throws(() => s.chat.messages(name), { code: 'bad_room' });
    assert.deepEqual([s.chat.rooms, s.chat.outbox], [[], []]);
  }
});

test('what was left behind in an outbox joins its rooms by itself; what failed there waits for a person', () => {
  const s = setup({ storage: kept({ id: 'a', room: 'lobby', text: 'mine' }, { id: 'b', room: 'dev', text: 'no', state: 'failed', code: 'forbidden' }) });
  s.chat.connect();
  s.welcome();
  s.chat.adopt([{ id: 'c', room: 'ops', text: 'of another tab' }, { id: 'd', to: 'bob', text: 'psst' }]);
  assert.deepEqual(s.socket.take('join').map(({ room }) => room), ['lobby', 'ops']);
  s.socket.says(joined(), joined({ room: 'ops' }));
  assert.deepEqual(s.socket.take('message').map(({ id }) => id), ['a', 'c']);
});

test('a place counts as long as the room was not asked for, also where an outbox has joined it before', () => {
  const s = setup({ storage: kept({ id: 'a', room: 'lobby', text: 'mine' }) });
  s.chat.join('lobby', { after: 7, epoch: 'e1' });
  s.chat.connect();
  s.welcome();
  s.chat.join('lobby', { after: 9, epoch: 'e1' });
  assert.deepEqual(s.socket.take('join'), [{ type: 'join', room: 'lobby', after: 7, epoch: 'e1' }]);
});

test('a room that does not let one in again: what waits has failed and can be sent once more', async () => {
  const s = setup().enter();
  s.socket.drops();
  const sent = s.chat.send('lobby', 'long text');
  s.comeBack();
  s.socket.says(error('too_many', { room: 'lobby' }));
  assert.equal(await outcome(sent), 'too_many');
  assert.deepEqual(s.chat.outbox.map(({ text, state, code, reason }) => [text, state, code, reason]), [['long text', 'failed', 'too_many', 'because too_many']]);
  assert.deepEqual([s.chat.rooms, s.of('error').length], [[], 1]);
  s.socket.take('join');
  const again = s.chat.retry(sent.id);
  assert.deepEqual(s.socket.take('join'), [{ type: 'join', room: 'lobby' }]);
  s.socket.says(joined(), { type: 'ack', id: sent.id, room: 'lobby', seq: 1 });
  assert.equal((await again).seq, 1);
});

test('nothing heard of a room yet: it comes back to where its newest messages began, so that none is missed', () => {
  for (const [head, after] of [[0, 0], [20, 0], [90, 40]]) {
    const s = setup().enter({ head });
    s.socket.drops();
    s.comeBack();
    assert.deepEqual(s.socket.take('join'), [{ type: 'join', room: 'lobby', after, epoch: 'e1' }]);
    s.socket.says(joined({ head: head + 60 }), message(head), message(head + 1));
    assert.deepEqual(s.of('message').map(({ past }) => past), [true, false]);
  }
});

test('a gap is told once, however often the connection is lost after it', () => {
  const s = setup().enter();
  s.socket.drops();
  s.comeBack();
  s.socket.says(joined({ head: 9, recovered: false }), { type: 'gap', room: 'lobby', from: 1, to: 9 });
  s.socket.drops();
  s.comeBack();
  assert.equal(s.socket.take('join')[0].after, 9);
});

test('left and joined again at once: what was under way from before is not taken for what follows', () => {
  const s = setup().enter({ head: 90 });
  s.chat.leave('lobby');
  s.chat.join('lobby');
  s.socket.says(message(91), { type: 'gap', room: 'lobby', from: 92, to: 93 }, { type: 'left', room: 'lobby' });
  s.socket.says(joined({ head: 94 }), message(89), message(90), message(94));
  assert.deepEqual([s.texts(), s.of('gap')], [['t89', 't90', 't94'], []]);
});

test('a message with an id of ours, from somebody in another room, is not ours', () => {
  const s = setup({ rooms: 'dev' }).enter();
  s.socket.says(joined({ room: 'dev' }));
  s.chat.send('lobby', 'hi');
  s.socket.says(message(1, { room: 'dev', id: 'c1' }));
  assert.deepEqual([s.of('message')[0].mine, s.chat.outbox.length], [false, 1]);
});

test('a late refusal of a message that was discarded fails nothing else', async () => {
  const s = setup({ rooms: 'dev' }).enter();
  const ids = ['lobby', 'dev'].map((room) => s.chat.send(room, 'hi').id);
  for (const id of ids) s.chat.discard(id);
  const older = s.chat.history('lobby', { before: 9 });
  s.socket.says(error('too_long', { id: ids[0], room: 'lobby' }), error('not_joined', { id: ids[1], room: 'dev' }));
  assert.equal(await outcome(older), 'waits');
  assert.deepEqual([s.chat.rooms, s.of('error').map(({ code }) => code)], [['dev', 'lobby'], ['too_long', 'not_joined']]);
});

test('a client closed by who hears of its state: connect fails, nothing goes on', async () => {
  const s = setup();
  s.chat.on('state', ({ name }) => { if (name === 'connecting') s.chat.close(); });
  assert.equal(await outcome(s.chat.connect()), 'closed');
  assert.deepEqual([s.chat.state.name, s.WebSocket.all.length], ['offline', 0]);
});
