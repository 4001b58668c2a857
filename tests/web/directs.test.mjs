import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directs, keyOf } from '../../web/js/directs.js';

const frame = (more = {}) => ({ type: 'direct', nick: 'bob', to: 'ann', at: '2026-01-02T03:04:05.678Z', via: 'tcp', text: 'psst', ...more });

function setup(kept) {
  const directs = new Directs(kept);
  directs.called('ann');
  const texts = (key) => directs.conversations.get(key).entries.map((entry) => entry.text ?? entry.kind);
  const unread = () => Object.fromEntries([...directs.conversations].map(([key, each]) => [key, each.unread]));
  return { directs, texts, unread };
}

test('one person is one conversation, however the name is written', () => {
  const { directs, texts } = setup();
  directs.begin('BOB');
  directs.received(frame());
  directs.received(frame({ nick: 'Bob', to: 'ANN', text: 'again' }));
  assert.deepEqual(texts('@bob'), ['psst', 'again']);
  assert.deepEqual([directs.conversations.size, directs.conversations.get('@bob').nick, directs.conversations.get('@bob').via], [1, 'Bob', 'tcp']);
});

test('unread: what others wrote where nobody looks', () => {
  const { directs, unread } = setup();
  for (const nick of ['bob', 'bob', 'eve']) directs.received(frame({ nick }));
  directs.received(frame({ nick: 'ann', to: 'eve' }));
  assert.deepEqual(unread(), { '@bob': 2, '@eve': 1 });
  directs.show('@bob');
  assert.equal(directs.received(frame()), null);
  assert.deepEqual(unread(), { '@bob': 0, '@eve': 1 });
  directs.show('lobby');
  assert.equal(directs.received(frame()).key, '@bob');
});

test('the first that was unread is known until the conversation was looked at and left', () => {
  const { directs } = setup();
  const conversation = directs.begin('bob');
  directs.show('@bob');
  directs.received(frame());
  assert.equal(conversation.line, null);
  directs.show('lobby');
  for (const text of ['first', 'second']) directs.received(frame({ text }));
  const [, first] = conversation.entries;
  assert.deepEqual(conversation.line, { key: first.key });
  directs.show('@bob');
  directs.show('@bob');
  assert.deepEqual(conversation.line, { key: first.key });
  directs.show('lobby');
  assert.equal(conversation.line, null);
});

test('a closed conversation is out of sight until somebody writes, and nothing of it is lost', () => {
  const { directs, texts } = setup();
  directs.received(frame());
  directs.close('@bob');
  assert.equal(directs.conversations.get('@bob').open, false);
  directs.received(frame({ text: 'more' }));
  assert.deepEqual([directs.conversations.get('@bob').open, texts('@bob')], [true, ['psst', 'more']]);
});

test('whoever takes the name of a former partner takes in that conversation', () => {
  const { directs, texts, unread } = setup();
  directs.received(frame({ nick: 'rob', text: 'of old' }));
  directs.received(frame());
  directs.show('@rob');
  assert.deepEqual(directs.renamed('bob', 'Rob'), { from: '@bob', to: '@rob' });
  assert.deepEqual(texts('@rob'), ['of old', 'psst', 'renamed']);
  assert.deepEqual([directs.current, directs.conversations.get('@rob').nick, unread()], ['@rob', 'Rob', { '@rob': 0 }]);
});

test('a name written otherwise is no other conversation', () => {
  const { directs, texts } = setup();
  directs.received(frame());
  assert.equal(directs.renamed('bob', 'BOB'), null);
  assert.equal(directs.renamed('zoe', 'zora'), null);
  assert.deepEqual([directs.conversations.get('@bob').nick, texts('@bob')], ['BOB', ['psst', 'renamed']]);
});

test('what was kept comes back, and goes on with keys of its own', () => {
  const first = setup();
  first.directs.received(frame());
  first.directs.said({ id: 'c1', room: '@bob', to: 'bob', text: 'mine' }, 0);
  const { directs, texts, unread } = setup(JSON.parse(JSON.stringify(first.directs.save())));
  directs.received(frame({ text: 'more' }));
  assert.deepEqual([texts('@bob'), unread()], [['psst', 'mine', 'more'], { '@bob': 2 }]);
  assert.equal(new Set(directs.conversations.get('@bob').entries.map((entry) => entry.key)).size, 3);
});

test('what is kept has a bound: the newest of each, less of those that rested', () => {
  const { directs } = setup();
  const around = JSON.stringify({ kind: 'message', nick: 'bob', via: 'tcp', at: frame().at, text: '', mine: false, own: false, key: 'd100' }).length;
  for (const nick of ['bob', 'eve']) for (let i = 100; i < 250; i += 1) directs.received(frame({ nick, text: `${i}`.padEnd(4000 - around) }));
  const [bob, eve] = directs.save().map(({ entries }) => entries.map((entry) => Number(entry.text)));
  assert.deepEqual([eve.length, eve.at(0), eve.at(-1)], [100, 150, 249]);
  assert.deepEqual([bob.length, bob.at(-1)], [25, 249]);
});

test('what is kept is bounded as it is written down, many short messages as well', () => {
  const { directs } = setup();
  for (let n = 0; n < 200; n += 1) for (let i = 0; i < 100; i += 1) directs.received(frame({ nick: `bob${n}`, text: 'x' }));
  const { length } = JSON.stringify(directs.save());
  assert.ok(length > 400_000 && length < 550_000, `${length}`);
});

test('nobody can fill the page with conversations or with one', () => {
  const { directs } = setup();
  directs.said({ id: 'c1', room: '@eve', to: 'eve', text: 'answered' }, 0);
  directs.received(frame());
  directs.show('@bob');
  for (let i = 0; i < 1_000; i += 1) directs.received(frame({ nick: `x${i}` }));
  for (let i = 0; i < 2_000; i += 1) directs.received(frame());
  assert.equal(directs.conversations.size, 200);
  assert.ok(directs.conversations.has('@eve') && directs.conversations.has('@bob') && directs.conversations.has('@x999'));
  assert.ok(directs.conversations.get('@bob').entries.length <= 625);
});

test('broken frames and broken records change nothing', () => {
  for (const kept of ['x', {}, [null], [{}], [{ nick: 3, entries: [] }], [{ nick: 'bob' }]]) assert.equal(setup(kept).directs.conversations.size, 0);
  const { directs } = setup();
  for (const broken of [{ nick: undefined }, { to: 3 }, { text: null }]) assert.equal(directs.received(frame(broken)), null);
  assert.equal(directs.conversations.size, 0);
});

test('no key is a room', () => assert.match(keyOf('Bob'), /^@bob$/));
