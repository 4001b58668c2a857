import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timeline } from '../../web/js/timeline.js';

const message = (seq) => ({ kind: 'message', seq, epoch: 'e1' });
const gap = (from, to) => ({ kind: 'gap', seq: from, from, to, epoch: 'e1' });
const note = () => ({ kind: 'note' });
function setup() {
  const timeline = new Timeline();
  timeline.begin('e1');
  return { timeline, kinds: () => timeline.entries.map((entry) => entry.seq ?? entry.kind) };
}

test('whatever order they come in, messages stand by their numbers, each once', () => {
  let random = 11;
  const below = (n) => (random = (random * 16807) % 2147483647) % n;
  for (let round = 0; round < 50; round += 1) {
    const { timeline, kinds } = setup();
    const expected = new Set();
    for (let i = 0; i < 60; i += 1) {
      const seq = 1 + below(100);
      if (below(6) === 0) timeline.push(note());
      if (!timeline.has(seq)) timeline.place(message(seq));
      expected.add(seq);
      const lowest = timeline.lowest;
      if (below(5) === 0) {
        const older = [lowest - 1, lowest - 2, lowest + 1].filter((each) => each > 0);
        timeline.placeAbove(older.map(message));
        for (const each of older) expected.add(each);
      }
    }
    assert.deepEqual(kinds().filter((kind) => kind !== 'note'), [...expected].sort((a, b) => a - b));
    for (let seq = 1; seq <= 101; seq += 1) assert.equal(timeline.has(seq), expected.has(seq), `${seq}`);
  }
});

test('what has no number stays where it was in time, and history comes above it', () => {
  const { timeline, kinds } = setup();
  timeline.push(note());
  timeline.place(message(5));
  timeline.push(note());
  timeline.place(message(7));
  timeline.place(message(6));
  timeline.placeAbove([message(3), message(4)]);
  assert.deepEqual(kinds(), [3, 4, 'note', 5, 'note', 6, 7]);
});

test('a gap is found by any number it has in common', () => {
  const { timeline } = setup();
  for (const entry of [message(10), gap(20, 30), message(31), message(40)]) timeline.place(entry);
  timeline.push(note());
  for (const [from, to] of [[20, 30], [15, 20], [30, 30], [25, 26]]) assert.equal(timeline.gapAt(from, to)?.from, 20, `${from} to ${to}`);
  for (const [from, to] of [[11, 19], [31, 50], [1, 9]]) assert.equal(timeline.gapAt(from, to), undefined, `${from} to ${to}`);
});

test('a new numbering begins below a line, and is searched alone', () => {
  const { timeline, kinds } = setup();
  timeline.place(message(5));
  timeline.begin('e2');
  assert.equal(timeline.lowest, null);
  assert.equal(timeline.has(5), false);
  timeline.place(message(5));
  timeline.placeAbove([message(4)]);
  assert.deepEqual(kinds(), [5, 'epoch', 4, 5]);
  assert.equal(timeline.start, 2);
  timeline.cut(1);
  assert.equal(timeline.start, 1);
  timeline.cut(2);
  assert.deepEqual([timeline.start, timeline.lowest], [0, 5]);
});

test('every entry has a key of its own, and keeps one it came with', () => {
  const { timeline } = setup();
  timeline.place({ ...message(3), key: 'out-c1' });
  timeline.placeAbove([message(1), message(2)]);
  timeline.push(note());
  timeline.cut(2);
  timeline.placeAbove([message(2)]);
  assert.equal(new Set(timeline.entries.map((entry) => entry.key)).size, 3);
  assert.ok(timeline.entries.some((entry) => entry.key === 'out-c1'));
});
