import assert from 'node:assert/strict';
import { test } from 'node:test';
import { News } from '../../web/js/news.js';
import { FakeClock } from './fakes.mjs';

function setup() {
  const clock = new FakeClock();
  const said = [];
  const news = new News({ say: (what) => said.push(typeof what === 'number' ? what : what.map(({ nick, text }) => `${nick}: ${text}`).join(', ')), clock });
  const place = { readTo: 5, entries: [] };
  let seq = 5;
  const hear = (count = 1, more = {}) => { for (let i = 0; i < count; i += 1) place.entries.push({ kind: 'message', seq: seq += 1, nick: 'bob', text: `t${seq}`, mine: false, ...more }); };
  const look = (at = place) => news.look({ place: at, entries: at.entries, self: 'ann' });
  look();
  return { clock, said, place, hear, look };
}

test('one message is read at once, the next ones after a pause, and of many their number', () => {
  const { clock, said, hear, look } = setup();
  hear();
  look();
  assert.deepEqual(said, ['bob: t6']);
  hear(2);
  look();
  assert.deepEqual(said.length, 1);
  clock.advance(3_000);
  assert.deepEqual(said[1], 'bob: t7, bob: t8');
  for (let i = 0; i < 10; i += 1) { hear(1_000); look(); clock.advance(16); }
  assert.equal(said.length, 2);
  clock.advance(3_000);
  assert.deepEqual(said.slice(2), [10_000]);
  clock.advance(60_000);
  assert.equal(said.length, 3);
});

test('nothing is said of own messages, of lines between, of older messages and of what was there when one came', () => {
  const { clock, said, place, hear, look } = setup();
  hear(1, { mine: true });
  hear(1, { nick: 'ann' });
  place.entries.push({ kind: 'presence', people: [] });
  look();
  place.entries.unshift({ kind: 'message', seq: 3, nick: 'bob', text: 'older' });
  look();
  const other = { readTo: 50, entries: [] };
  look(other);
  other.entries.push({ kind: 'message', seq: 49, nick: 'bob', text: 'there' }, { kind: 'message', seq: 50, nick: 'bob', text: 'there' });
  look(other);
  clock.advance(10_000);
  assert.deepEqual(said, []);
  other.entries.push({ kind: 'message', seq: 51, nick: 'bob', text: 'new' });
  look(other);
  assert.deepEqual(said, ['bob: new']);
});

test('what waited in a place that was left is not said', () => {
  const { clock, said, hear, look } = setup();
  hear();
  look();
  hear();
  look();
  look({ entries: [] });
  clock.advance(10_000);
  assert.deepEqual(said, ['bob: t6']);
});

test('in a conversation what the other one writes is said', () => {
  const { said, look } = setup();
  const person = { entries: [{ kind: 'message', nick: 'bob', text: 'before', own: false }] };
  look(person);
  person.entries.push({ kind: 'message', nick: 'bob', text: 'psst', own: false }, { kind: 'message', nick: 'ann', text: 'mine', own: true });
  look(person);
  assert.deepEqual(said, ['bob: psst']);
});

test('of a long message its beginning is read', () => {
  const { said, hear, look } = setup();
  hear(1, { text: 'x'.repeat(4_000) });
  look();
  assert.equal(said[0].length, 206);
});
