import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heights } from '../../web/js/heights.js';

const make = (n) => Array.from({ length: n }, (_, i) => ({ i }));
const near = (a, b) => assert.ok(Math.abs(a - b) < 0.001, `${a} is not ${b}`);

test('what was never measured is as high as the average of what was', () => {
  const items = make(10);
  near(new Heights().above(items, 10), 400);
  const heights = new Heights();
  heights.set(items[0], 20);
  heights.set(items[1], 60);
  near(heights.above(items, 10), 20 + 60 + 8 * 40);
  heights.forget();
  for (const item of items) heights.set(item, 25);
  near(heights.average, 25);
  near(heights.above(items, 10), 250);
});

test('the guess settles: it changes ever more rarely', () => {
  const heights = new Heights();
  let changes = 0;
  for (const [i, item] of make(10_000).entries()) {
    const before = heights.average;
    heights.set(item, 20 + i % 13);
    if (heights.average !== before) changes += 1;
  }
  assert.ok(changes <= 15, `${changes}`);
});

test('sums are right whatever moves: the border, the list at its top, at its end', () => {
  let random = 7;
  const below = (n) => (random = (random * 16807) % 2147483647) % n;
  const heights = new Heights();
  const known = new Map();
  const items = make(200);
  const plain = (from, to) => items.slice(from, to).reduce((sum, item) => sum + (known.get(item) ?? heights.average), 0);
  for (let round = 0; round < 2_000; round += 1) {
    const from = below(items.length + 1);
    const to = from + below(items.length - from + 1);
    near(heights.above(items, from), plain(0, from));
    near(heights.below(items, to), plain(to, items.length));
    for (const item of items.slice(from, to)) { const height = 20 + below(50); known.set(item, height); heights.set(item, height); }
    if (round % 7 === 0) items.unshift(...make(3));
    if (round % 5 === 0) items.push(...make(2));
    if (round % 50 === 0) items.splice(0, 40);
  }
});

test('the item at a distance from the top, and the last one when there is none', () => {
  const heights = new Heights();
  const items = make(5);
  items.forEach((item, i) => heights.set(item, 10 * (i + 1)));
  assert.deepEqual([0, 9, 10, 29, 30, 59, 60, 149, 150, 9_999].map((y) => heights.find(items, y)), [0, 0, 1, 1, 2, 2, 3, 4, 4, 4]);
  assert.equal(heights.find([], 10), 0);
});

test('in a list of 50,000 a small step costs nothing to speak of', () => {
  const heights = new Heights();
  const items = make(50_000);
  for (const item of items) heights.set(item, 24);
  near(heights.above(items, 40_000), 960_000);
  const began = performance.now();
  for (let i = 0; i < 1_000; i += 1) {
    heights.above(items, 40_000 - i);
    heights.below(items, 40_200 - i);
    items.push({});
  }
  assert.ok(performance.now() - began < 200, `${performance.now() - began} ms`);
});
