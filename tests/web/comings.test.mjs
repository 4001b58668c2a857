import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comings, isFull, joined, left, renamed, sum } from '../../web/js/comings.js';
import { presence } from '../../web/js/texts.js';

const told = (...happened) => {
  const entry = comings();
  for (const [what, ...nicks] of happened) what(entry, ...nicks);
  return Object.fromEntries(Object.entries(sum(entry)).filter(([, list]) => list.length));
};
const sentence = (list, most) => presence({ joined: [], left: [], passed: [], renamed: [], ...list }, most).map((part) => part.nick ?? part).join('');

test('what happened adds up to what has changed', () => {
  assert.deepEqual(told([joined, 'ann'], [joined, 'bob'], [left, 'carl']), { joined: ['ann', 'bob'], left: ['carl'] });
  assert.deepEqual(told([joined, 'ann'], [left, 'ann']), { passed: ['ann'] });
  assert.deepEqual(told([left, 'ann'], [joined, 'ann']), {});
  assert.deepEqual(told([left, 'ann'], [joined, 'ann'], [left, 'ann']), { left: ['ann'] });
  assert.deepEqual(told([joined, 'ann'], [left, 'ann'], [joined, 'ann']), { joined: ['ann'] });
  assert.deepEqual(told([renamed, 'ann', 'anna'], [renamed, 'anna', 'annie']), { renamed: [{ old: 'ann', nick: 'annie' }] });
  assert.deepEqual(told([renamed, 'ann', 'anna'], [renamed, 'anna', 'ann']), {});
  assert.deepEqual(told([joined, 'guest-7'], [renamed, 'guest-7', 'ann']), { joined: ['ann'] });
  assert.deepEqual(told([renamed, 'ann', 'anna'], [left, 'anna']), { left: ['ann'] });
  assert.deepEqual(told([left, 'ann'], [renamed, 'bob', 'ann']), { left: ['ann'], renamed: [{ old: 'bob', nick: 'ann' }] });
});

test('an entry is full at some number of people', () => {
  const entry = comings();
  let people = 0;
  while (!isFull(entry)) joined(entry, `n${people += 1}`);
  assert.equal(people, 100);
});

test('one sentence tells it, names of many at most in part', () => {
  assert.equal(sentence({ joined: ['ann'] }), 'ann joined');
  assert.equal(sentence({ joined: ['ann', 'bob'], left: ['carl'] }), 'ann and bob joined, carl left');
  assert.equal(sentence({ joined: ['ann', 'bob', 'carl', 'dan', 'eve'], left: ['fay'] }), 'ann, bob and 3 others joined, fay left');
  assert.equal(sentence({ joined: ['ann', 'bob', 'carl', 'dan', 'eve'] }, Infinity), 'ann, bob, carl, dan and eve joined');
  assert.equal(sentence({ passed: ['ann'], renamed: [{ old: 'bob', nick: 'rob' }] }), 'ann came and went, bob is now rob');
});
