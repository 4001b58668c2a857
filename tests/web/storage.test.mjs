import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Storage, channel } from '../../web/js/storage.js';
import { FakeStorage, counter } from './fakes.mjs';

const item = (id) => ({ id, room: 'lobby', text: id, state: 'pending' });
const ids = (items) => items.map(({ id }) => id);

// One browser: a localStorage for all its tabs, a sessionStorage for each.
function browser() {
  const local = new FakeStorage();
  const time = { now: 1_000_000 };
  const newId = counter('tab');
  const open = (session = new FakeStorage()) => {
    const tab = new Storage({ local: () => local, session: () => session, now: () => time.now, newId });
    return Object.assign(tab, {
      sessionStorage: session,
      session: () => tab.getItem('chatbridge.session'),
      keepSession: (id) => tab.setItem('chatbridge.session', id),
      items: () => JSON.parse(tab.getItem('chatbridge.outbox')),
      keepItems: (items) => tab.setItem('chatbridge.outbox', JSON.stringify(items)),
    });
  };
  return { local, time, open };
}

test('a reload finds session and outbox again', () => {
  const { open } = browser();
  const tab = open();
  tab.keepSession('s1');
  tab.keepItems([item('a')]);
  tab.release();
  const again = open(tab.sessionStorage);
  assert.equal(again.session(), 's1');
  assert.deepEqual(ids(again.items()), ['a']);
});

test('the tabs of a browser are one person with an outbox each', () => {
  const { open } = browser();
  const one = open();
  one.keepSession('s1');
  one.keepItems([item('a')]);
  const two = open();
  assert.equal(two.session(), 's1');
  assert.deepEqual(two.items(), []);
  two.keepItems([item('b')]);
  two.keepSession('s2');
  assert.equal(one.session(), 's2');
  one.release();
  assert.deepEqual(ids(open(one.sessionStorage).items()), ['a']);
});

test('a new tab takes over what a closed one left, once', () => {
  const { open } = browser();
  const tab = open();
  tab.keepItems([item('a')]);
  tab.release();
  assert.deepEqual(ids(open().items()), ['a']);
  assert.deepEqual(open().items(), []);
});

test('an open tab takes it over when the closed one is not back in a moment', () => {
  const { open, time } = browser();
  const other = open();
  const tab = open();
  tab.keepItems([item('a')]);
  tab.release();
  time.now += 9_999;
  assert.deepEqual(other.takeOver(), []);
  time.now += 1;
  assert.deepEqual(ids(other.takeOver()), ['a']);
  assert.deepEqual(other.takeOver(), []);
});

test('a duplicated tab has an outbox of its own', () => {
  const { open } = browser();
  const tab = open();
  tab.keepItems([item('a')]);
  const twin = open(tab.sessionStorage.copy());
  assert.deepEqual(twin.items(), []);
  twin.keepItems([item('b')]);
  assert.deepEqual(ids(tab.items()), ['a']);
});

test('a tab that crashed is taken over when it has been silent for long', () => {
  const { open, time } = browser();
  const tab = open();
  tab.keepItems([item('a')]);
  time.now += 89_000;
  assert.deepEqual(open().items(), []);
  time.now += 1_000;
  assert.deepEqual(ids(open().items()), ['a']);
});

test('nick and rooms are remembered, for all tabs', () => {
  const { open, local } = browser();
  const tab = open();
  assert.equal(tab.nick, null);
  tab.nick = 'ann';
  tab.rooms = ['lobby', 'dev'];
  const other = open();
  assert.equal(other.nick, 'ann');
  other.nick = 'bob';
  assert.equal(tab.nick, 'bob');
  assert.deepEqual(other.rooms, ['lobby', 'dev']);
  local.setItem('chatbridge.rooms', '{"not":"a list"}');
  assert.deepEqual(other.rooms, []);
});

test('without storage, or with a full one, it lasts as long as the page', () => {
  const refuses = () => { throw new Error('SecurityError'); };
  for (const local of [refuses, () => Object.assign(new FakeStorage(), { setItem: refuses })]) {
    const tab = new Storage({ local, session: local, newId: counter() });
    tab.nick = 'ann';
    tab.setItem('chatbridge.session', 's1');
    tab.setItem('chatbridge.outbox', JSON.stringify([item('a')]));
    assert.deepEqual([tab.nick, tab.getItem('chatbridge.session'), ids(JSON.parse(tab.getItem('chatbridge.outbox')))], ['ann', 's1', ['a']]);
    tab.release();
  }
});

test('with a full localStorage a reload still finds its session', () => {
  const full = Object.assign(new FakeStorage(), { setItem: () => { throw new Error('QuotaExceededError'); } });
  const session = new FakeStorage();
  const open = () => new Storage({ local: () => full, session: () => session, newId: counter() });
  open().setItem('chatbridge.session', 's1');
  assert.equal(open().getItem('chatbridge.session'), 's1');
});

test('broken records are cleared away', () => {
  const { open, local } = browser();
  for (const broken of ['', 'nonsense', '{}', 'null', '{"items":3}']) local.setItem('chatbridge.outbox.x', broken);
  assert.deepEqual(open().items(), []);
  assert.equal(local.getItem('chatbridge.outbox.x'), null);
});

test('of a record in which something is broken the rest is taken over', () => {
  const { open, local } = browser();
  local.setItem('chatbridge.outbox.x', JSON.stringify({ items: [null, 3, 'x', item('a')], seen: 0, open: false }));
  const tab = open();
  assert.deepEqual(ids(tab.items()), ['a']);
  local.setItem('chatbridge.outbox.y', JSON.stringify({ items: [null, { ...item('b'), to: 'bob' }], seen: 0, open: false }));
  assert.deepEqual(ids(tab.takeOver()), ['b']);
});

test('where storage is forbidden the tabs have no channel, and go on without', (t) => {
  const was = Object.getOwnPropertyDescriptor(globalThis, 'BroadcastChannel');
  t.after(() => Object.defineProperty(globalThis, 'BroadcastChannel', was));
  Object.defineProperty(globalThis, 'BroadcastChannel', { configurable: true, value: function refuse() { throw new Error('SecurityError'); } });
  assert.equal(channel('x'), null);
});

test('conversations last as long as the tab, past its reloads and crashes, and no other tab finds them', () => {
  const { open } = browser();
  const tab = open();
  assert.equal(tab.directs, null);
  tab.directs = [{ nick: 'bob' }];
  assert.equal(open().directs, null);
  const crashed = open(tab.sessionStorage);  // nobody released it
  assert.deepEqual(crashed.directs, [{ nick: 'bob' }]);
  crashed.directs = [{ nick: 'eve' }];
  assert.equal(tab.sessionStorage.length, 2, 'its name, and the conversations once');
  crashed.release();
  assert.deepEqual(open(crashed.sessionStorage).directs, [{ nick: 'eve' }]);
});

test('how far rooms were read is kept for all tabs: the furthest of one numbering, of rooms that somebody is in', () => {
  const { open, local } = browser();
  const [one, other] = [open(), open()];
  one.rooms = ['lobby', 'dev'];
  one.saveRead({ lobby: { epoch: 'e', seq: 7 }, dev: { epoch: 'e', seq: 3 }, x: { epoch: 'e', seq: 1 } });
  other.saveRead({ lobby: { epoch: 'e', seq: 5 }, dev: { epoch: 'f', seq: 1 } });
  assert.deepEqual(open().read, { lobby: { epoch: 'e', seq: 7 }, dev: { epoch: 'f', seq: 1 } });
  local.setItem('chatbridge.read', '7');
  assert.deepEqual(open().read, {});
});

test('a direct message left behind by another tab may have been sent by it', () => {
  const { open } = browser();
  const tab = open();
  tab.keepItems([item('a'), { ...item('b'), room: '@bob', to: 'bob' }]);
  tab.release();
  assert.deepEqual(open().items().map(({ id, written }) => [id, written]), [['a', undefined], ['b', true]]);
});
