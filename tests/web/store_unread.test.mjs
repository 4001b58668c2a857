// What is unread in a room, and where the line above it stands.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../../web/js/store.js';
import { joined, message, setup } from './store_scene.mjs';

test('unread: only what came since one joined, in rooms one does not look at, from others', () => {
  const { store, room } = setup();
  store.add('dev');
  store.show('dev');
  store.joined(joined({ head: 5 }));
  store.message(message(4));
  store.message(message(5));
  assert.equal(room.unread, 0);
  store.message(message(6));
  store.message(message(7), true);
  assert.equal(room.unread, 1);
  store.show('lobby');
  assert.equal(room.unread, 0);
  store.message(message(8));
  assert.equal(room.unread, 0);
  store.show('dev');
  store.disconnected();
  store.joined(joined({ head: 9 }));
  store.message(message(9));
  assert.equal(room.unread, 1, 'what was missed while away counts');
});

test('what was said while the connection was lost stands below a line for who looks, once all of it is there', () => {
  const { store, room } = setup();
  store.show('lobby');
  store.joined(joined({ head: 2 }));
  store.message(message(2));
  assert.equal(room.line, null, 'the first time nothing was missed');
  const again = (head, ...seqs) => {
    store.disconnected();
    store.joined(joined({ head }));
    for (const seq of seqs) store.message(message(seq));
  };
  again(2);
  store.message(message(3));
  assert.equal(room.line, null, 'nothing was missed');
  again(6, 4, 5);
  assert.equal(room.line, null, 'more is to come');
  store.message(message(6, { own: true }));
  assert.deepEqual([room.line, room.unread], [{ epoch: 'e1', seq: 3 }, 0]);
  store.message(message(7));
  again(8);
  store.message(message(8), true);
  assert.deepEqual(room.line, { epoch: 'e1', seq: 3 }, 'one\'s own is no news');
  store.disconnected();
  store.joined(joined({ epoch: 'e2', head: 1 }));
  store.message(message(1));
  assert.deepEqual(room.line, { epoch: 'e2', seq: 0 });
});

test('unread past a reload: from where one had read, in the same numbering', () => {
  const before = setup();
  before.store.joined(joined({ head: 5 }));
  before.store.message(message(5));
  assert.deepEqual(before.store.marks, { lobby: { epoch: 'e1', seq: 5 } });
  before.store.message(message(6));
  before.store.message(message(7));
  assert.deepEqual(before.store.marks, { lobby: { epoch: 'e1', seq: 5 } }, 'two are unread');
  const reload = (kept, frame = {}) => {
    const store = new Store((name) => kept[name]);
    const room = store.joined(joined({ head: 7, ...frame }));
    for (const seq of [5, 6, 7]) store.message(message(seq));
    return room;
  };
  const { unread, line, catchUp } = reload(before.store.marks);
  assert.deepEqual([unread, line, catchUp.isFirst], [2, { epoch: 'e1', seq: 5 }, true]);
  assert.equal(reload({}).unread, 0);
  assert.equal(reload(before.store.marks, { epoch: 'e2' }).unread, 0);
  assert.equal(reload({ lobby: { epoch: 'e1', seq: 'x' } }).unread, 0);
  before.store.read('lobby');
  assert.deepEqual(before.store.marks, { lobby: { epoch: 'e1', seq: 7 } });
});

test('what another tab has read is read when it comes here later, too', () => {
  const { store, room } = setup();
  store.joined(joined());
  store.message(message(1));
  store.read('lobby', { epoch: 'e1', seq: 3 });
  for (const seq of [2, 3, 4]) store.message(message(seq));
  assert.equal(room.unread, 1);
  store.read('lobby', { epoch: 'e0', seq: 9 });
  store.message(message(5));
  assert.equal(room.unread, 1, 'of another numbering');
});

test('what came while nobody looked at the page is unread, and stays below a line when they are back', () => {
  const { store, room } = setup();
  store.show('lobby');
  store.joined(joined({ head: 5 }));
  store.message(message(6));
  assert.deepEqual([room.unread, room.line], [0, null]);
  store.attend(false);
  store.message(message(7), true);
  store.message(message(8, { text: 'hi Ann' }));
  store.message(message(9));
  assert.deepEqual([room.unread, room.mentions, room.line], [2, 1, { epoch: 'e1', seq: 7 }]);
  store.attend(true);
  store.message(message(10));
  assert.deepEqual([room.unread, room.mentions, room.line], [0, 0, { epoch: 'e1', seq: 7 }]);
  store.attend(false);
  assert.deepEqual(room.line, { epoch: 'e1', seq: 7 }, 'until something new comes');
  store.message(message(11));
  assert.deepEqual(room.line, { epoch: 'e1', seq: 10 });
  store.attend(true);
  store.show('dev');
  assert.equal(room.line, null);
  store.message(message(12));
  store.message(message(13));
  store.show('lobby');
  assert.deepEqual([room.unread, room.line], [0, { epoch: 'e1', seq: 11 }]);
  store.show('lobby');
  assert.ok(room.line);
});

test('what a new numbering brings while nobody looks is unread from its first message on', () => {
  const { store, room } = setup();
  store.joined(joined({ head: 5 }));
  store.message(message(5));
  store.disconnected();
  store.joined(joined({ epoch: 'e2', head: 2 }));
  store.message(message(1));
  store.message(message(2));
  assert.deepEqual([room.unread, room.line], [2, { epoch: 'e2', seq: 0 }]);
});
