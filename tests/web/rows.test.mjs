import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstNew, rows } from '../../web/js/rows.js';

const noon = new Date(2026, 0, 2, 12, 0, 0).getTime();
const said = (minutes, more = {}) => ({ kind: 'message', key: `k${minutes}`, nick: 'bob', via: 'tcp', at: new Date(noon + minutes * 60_000).toISOString(), text: 'x', ...more });
const numbered = (...seqs) => seqs.map((seq) => said(seq, { seq, epoch: 'e1' }));
const shape = (list) => list.map((row) => (row.kind === 'message' ? (row.grouped ? (row.sameMinute ? 'same' : 'more') : 'head') : row.kind));
const shapeOf = (entries, more = {}) => shape(rows({ entries, self: 'ann', ...more }));

test('one breath is one group: same nick, same transport, within five minutes', () => {
  assert.deepEqual(shapeOf([said(0), said(0.5), said(1), said(5.9), said(11)]), ['day', 'head', 'same', 'more', 'more', 'head']);
  assert.deepEqual(shapeOf([said(0), said(1, { via: 'udp' }), said(2, { nick: 'eve' })]), ['day', 'head', 'head', 'head']);
});

test('actions and lines between end a group', () => {
  assert.deepEqual(shapeOf([said(0), said(1, { action: true }), said(2)]), ['day', 'head', 'head', 'head']);
  assert.deepEqual(shapeOf([said(0), { kind: 'gap', key: 'g' }, said(1)]), ['day', 'head', 'gap', 'head']);
});

test('a day line stands before the first message of each day', () => {
  assert.deepEqual(shapeOf([said(0), said(1), said(24 * 60), said(24 * 60 + 1)]), ['day', 'head', 'more', 'day', 'head', 'more']);
  assert.deepEqual(shapeOf([said(0), { kind: 'note', key: 'n' }, said(24 * 60)]), ['day', 'head', 'note', 'day', 'head']);
});

test('any part of a place looks as it does in the whole', () => {
  const entries = [];
  for (let i = 0; i < 60; i += 1) {
    if (i % 7 === 3) entries.push({ kind: 'presence', key: `p${i}`, people: [] });
    if (i % 11 === 5) entries.push({ kind: 'note', key: `n${i}`, text: 'x' });
    entries.push(said(i * 47 % 600 + i * 90, { seq: i + 1, epoch: 'e1', nick: i % 5 < 3 ? 'bob' : 'eve', action: i % 13 === 0, key: `k${i}` }));
  }
  const place = { entries, outgoing: [{ id: 'c1', text: 'y', at: noon }], self: 'ann', top: { index: 0, state: 'older' }, line: { epoch: 'e1', seq: 30 } };
  const whole = rows(place);
  for (let from = 0; from < entries.length; from += 1) {
    for (const to of [from + 1, from + 7, entries.length + 1]) {
      const items = new Set([...entries, ...place.outgoing].slice(from, to));
      assert.deepEqual(rows(place, from, Math.min(to, entries.length + 1)), whole.filter((row) => items.has(row.item)), `${from} to ${to}`);
    }
  }
});

test('what is on its way stands last, with its state and without a number', () => {
  const item = { id: 'c1', text: 'mine', action: false, at: noon + 60_000, state: 'sent', seq: 9 };
  const last = rows({ entries: [said(0)], outgoing: [item], self: 'ann' }).at(-1);
  assert.deepEqual([last.key, last.nick, last.via, last.state, last.seq, last.own], ['out-c1', 'ann', 'ws', 'sent', undefined, true]);
});

test('a time that cannot be read does not stop the rest', () => {
  assert.deepEqual(shapeOf([said(0, { at: 'whenever' }), said(1)]), ['day', 'head', 'day', 'head']);
  assert.deepEqual(shapeOf([said(0, { at: undefined })]), ['day', 'head']);
});

test('in a conversation who said a message is known, whatever anybody is called by now', () => {
  const entries = [said(0, { nick: 'ann', own: false }), said(1, { nick: 'before', own: true })];
  const list = rows({ entries, outgoing: [{ id: 'c', to: 'bob', text: 'x', at: noon, state: 'failed' }], self: 'ann' });
  assert.deepEqual(list.filter((row) => row.kind === 'message').map(({ own, to }) => [own, to]), [[false, undefined], [true, undefined], [true, 'bob']]);
});

test('the line stands before the first message that was unread, and begins a group', () => {
  const entries = numbered(1, 2, 3, 4);
  assert.deepEqual(shapeOf(entries, { line: { epoch: 'e1', seq: 2 } }), ['day', 'head', 'more', 'new', 'head', 'more']);
  assert.equal(firstNew(entries, { epoch: 'e1', seq: 2 }), 2);
  assert.deepEqual(shapeOf(numbered(3, 4), { line: { epoch: 'e1', seq: 2 } }), ['day', 'new', 'head', 'more'], 'above all that is here');
  assert.deepEqual(shapeOf(entries, { line: { epoch: 'e1', seq: 4 } }), ['day', 'head', 'more', 'more', 'more']);
  assert.equal(firstNew(entries, { epoch: 'e1', seq: 4 }), -1);
  assert.deepEqual(shapeOf([said(1), said(2)], { line: { key: 'k2' } }), ['day', 'head', 'new', 'head']);
  assert.equal(firstNew([said(1), said(2)], { key: 'k2' }), 1);
});

test('the line holds in the numbering it was drawn in', () => {
  const entries = [...numbered(1, 2), { kind: 'epoch', key: 'e' }, ...[1, 2].map((seq) => said(seq + 2, { seq, epoch: 'e2' }))];
  for (const [line, at] of [[{ epoch: 'e1', seq: 1 }, 1], [{ epoch: 'e2', seq: 0 }, 3], [{ epoch: 'e2', seq: 1 }, 4]]) {
    assert.equal(firstNew(entries, line), at);
    const list = rows({ entries, self: 'ann', line });
    assert.equal(list[list.findIndex((row) => row.kind === 'new') + 1].item, entries[at]);
    assert.equal(list.filter((row) => row.kind === 'new').length, 1);
  }
});

test('what is known of older messages stands where the present numbering begins', () => {
  assert.deepEqual(shapeOf(numbered(5), { top: { index: 0, state: 'older' } }), ['top', 'day', 'head']);
  assert.deepEqual(shapeOf([said(1), { kind: 'epoch', key: 'e' }, said(2)], { top: { index: 2, state: 'older' } }), ['day', 'head', 'epoch', 'top', 'head']);
  assert.deepEqual(shapeOf(numbered(5), { top: { index: 0, state: null } }), ['day', 'head']);
});
