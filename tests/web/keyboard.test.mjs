import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chord, further } from '../../web/js/keyboard.js';
import { matches, placesOf } from '../../web/js/switcher.js';

const event = (key, held = '') => ({ key, altKey: held.includes('a'), shiftKey: held.includes('s'), ctrlKey: held.includes('c'), metaKey: held.includes('m') });

test('a chord has one spelling, whatever the case and wherever Shift is part of the character', () => {
  assert.equal(chord(event('ArrowUp', 'as'), false), 'Alt+Shift+ArrowUp');
  assert.equal(chord(event('K', 'cs'), false), 'Mod+k');
  assert.equal(chord(event('?', 's'), false), '?');
  assert.equal(chord(event('k', 'm'), true), 'Mod+k');
});

test('keys that belong to the system are not taken: Ctrl on a Mac, Windows elsewhere, AltGr', () => {
  assert.equal(chord(event('k', 'c'), true), 'Other+k');
  assert.equal(chord(event('k', 'm'), false), 'Other+k');
  assert.equal(chord(event('?', 'ca'), false), 'Mod+Alt+?');
});

test('going further goes round, in either direction, over those that are wanted', () => {
  const list = ['a', 'b', 'c', 'd'];
  assert.equal(further(list, 'd', 1), 'a');
  assert.equal(further(list, 'a', -1), 'd');
  assert.equal(further(list, 'a', 1, (x) => x === 'c'), 'c');
  assert.equal(further(list, 'b', -1, (x) => x === 'c'), 'c');
  assert.equal(further(list, 'c', 1, (x) => x === 'c'), undefined, 'not to where one is');
  assert.equal(further(list, undefined, 1), 'a');
  assert.equal(further(list, undefined, -1), 'd');
  assert.equal(further([], undefined, 1), undefined);
});

const room = (name, more = {}) => ({ kind: 'room', name, unread: 0, here: true, ...more });
const person = (name, more = {}) => ({ ...room(name, more), kind: 'person' });
const names = (list) => list.map(({ name }) => name);

test('without letters the unread come first, then where one is, then the rest', () => {
  const places = [room('lobby'), room('dev', { unread: 2 }), room('far', { here: false }), person('ann', { unread: 1 })];
  assert.deepEqual(names(matches(places, '')), ['dev', 'ann', 'lobby', 'far']);
});

test('letters find names in any case, first those that begin so, and offer a room that is not there', () => {
  const places = [room('sandlab'), room('lab-2'), person('Labea')];
  const found = matches(places, 'LAB');
  assert.deepEqual(names(found), ['lab-2', 'Labea', 'sandlab', 'lab']);
  assert.equal(found.at(-1).fresh, true);
  assert.equal(matches(places, 'lab-2').some(({ fresh }) => fresh), false);
  assert.deepEqual(names(matches(places, '@lab')), ['Labea']);
  assert.deepEqual(names(matches(places, '#lab')), ['lab-2', 'sandlab', 'lab']);
  assert.deepEqual(matches(places, 'no room, nobody'), []);
});

test('a server full of rooms gives a short list', () => {
  assert.equal(matches(Array.from({ length: 1000 }, (_, n) => room(`r${n}`)), 'r').length, 13);
});

test('places are the rooms and conversations one has, the others of the server, and who is here, each once and oneself never', () => {
  const store = { nick: 'ann', current: 'lobby', rooms: new Map([['lobby', { name: 'lobby', unread: 0, members: new Map([['ann', {}], ['Bob', {}], ['cid', {}], ['tcp-7', {}]]) }]]) };
  const directs = { conversations: new Map([['bob', { nick: 'bob', unread: 1, open: true }], ['old', { nick: 'old', unread: 0, open: false }]]) };
  assert.deepEqual(placesOf({ store, directs }, [{ room: 'lobby' }, { room: 'dev' }]).map(({ kind, name, here }) => `${kind} ${name} ${here}`),
    ['room lobby true', 'person bob true', 'room dev false', 'person cid false']);
});
