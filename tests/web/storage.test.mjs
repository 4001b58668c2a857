import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Storage } from '../../web/js/storage.js';
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
    return Object.assign(tab, { sessionStorage: session });
  };
  return { local, time, open };
}

test('a reload finds session and outbox again', () => {
  const { open } = browser();
  const tab = open();
  tab.saveSession('s1');
  tab.saveItems([item('a')]);
  tab.release();
  const again = open(tab.sessionStorage);
  assert.equal(again.session, 's1');
  assert.deepEqual(ids(again.items), ['a']);
});

test('two tabs are two people with an outbox each', () => {
  const { open } = browser();
  const one = open();
  one.saveSession('s1');
  one.saveItems([item('a')]);
  const two = open();
  assert.equal(two.session, null);
  assert.deepEqual(two.items, []);
  two.saveItems([item('b')]);
  one.release();
  assert.deepEqual(ids(open(one.sessionStorage).items), ['a']);
});

test('a new tab is the person of a closed one: its session, its messages, once', () => {
  const { open, time } = browser();
  const tab = open();
  tab.saveSession('s1');
  tab.saveItems([item('a')]);
  tab.release();
  time.now += 3_600_000;
  const next = open();
  assert.equal(next.session, 's1');
  assert.deepEqual(ids(next.items), ['a']);
  assert.deepEqual(open().items, []);
});

test('a closed tab without messages is remembered for as long as its name', () => {
  for (const [later, session] of [[59_000, 's1'], [60_000, null]]) {
    const { open, time } = browser();
    const tab = open();
    tab.saveSession('s1');
    tab.release();
    time.now += later;
    assert.equal(open().session, session);
  }
});

test('a tab with another session leaves the messages to their owner', () => {
  const { open } = browser();
  const tab = open();
  tab.saveSession('s1');
  tab.saveItems([item('a')]);
  const other = open();
  other.saveSession('s2');
  tab.release();
  assert.deepEqual(other.takeOver(), []);
  assert.deepEqual(ids(open(tab.sessionStorage).items), ['a']);
});

test('a duplicated tab shares the session and has an outbox of its own', () => {
  const { open } = browser();
  const tab = open();
  tab.saveSession('s1');
  tab.saveItems([item('a')]);
  const twin = open(tab.sessionStorage.copy());
  assert.equal(twin.session, 's1');
  assert.deepEqual(twin.items, []);
  twin.saveItems([item('b')]);
  assert.deepEqual(ids(tab.items), ['a']);
  tab.release();
  assert.deepEqual(ids(twin.takeOver()), ['a'], 'it is the same person');
});

test('a tab that crashed is taken over when it has been silent for long', () => {
  const { open, time } = browser();
  const tab = open();
  tab.saveSession('s1');
  tab.saveItems([item('a')]);
  time.now += 89_000;
  assert.deepEqual(open().items, []);
  time.now += 1_000;
  assert.deepEqual(ids(open().items), ['a']);
});

test('nick and rooms are remembered; a tab keeps its own nick', () => {
  const { open, local } = browser();
  const tab = open();
  assert.equal(tab.nick, null);
  tab.nick = 'ann';
  tab.rooms = ['lobby', 'dev'];
  const other = open();
  assert.equal(other.nick, 'ann');
  other.nick = 'bob';
  assert.equal(tab.nick, 'ann');
  assert.deepEqual(other.rooms, ['lobby', 'dev']);
  local.setItem('chatbridge.rooms', '{"not":"a list"}');
  assert.deepEqual(other.rooms, []);
});

test('without storage, or with a full one, it lasts as long as the page', () => {
  const refuses = () => { throw new Error('SecurityError'); };
  for (const local of [refuses, () => Object.assign(new FakeStorage(), { setItem: refuses })]) {
    const tab = new Storage({ local, session: local, newId: counter() });
    tab.nick = 'ann';
    tab.saveSession('s1');
    tab.saveItems([item('a')]);
    assert.deepEqual([tab.nick, tab.session, ids(tab.items)], ['ann', 's1', ['a']]);
    tab.release();
  }
});

test('broken records are cleared away', () => {
  const { open, local } = browser();
  for (const broken of ['', 'nonsense', '{}', 'null', '{"items":3}']) local.setItem('chatbridge.outbox.x', broken);
  assert.deepEqual(open().items, []);
  assert.equal(local.getItem('chatbridge.outbox.x'), null);
});

test('conversations last as long as the tab, past its reloads, and no other tab has them', () => {
  const { open } = browser();
  const tab = open();
  assert.equal(tab.directs, null);
  tab.directs = [{ nick: 'bob' }];
  const twin = open(tab.sessionStorage.copy());
  assert.equal(twin.directs, null);
  tab.release();
  assert.deepEqual(open(tab.sessionStorage).directs, [{ nick: 'bob' }]);
  assert.equal(open().directs, null);
});

test('a direct message left behind by another tab may have been sent by it', () => {
  const { open } = browser();
  const tab = open();
  tab.saveItems([item('a'), { ...item('b'), room: '@bob', to: 'bob' }]);
  tab.release();
  assert.deepEqual(open().items.map(({ id, written }) => [id, written]), [['a', undefined], ['b', true]]);
});
