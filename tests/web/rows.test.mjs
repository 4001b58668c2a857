import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rows } from '../../web/js/rows.js';

const noon = new Date(2026, 0, 2, 12, 0, 0).getTime();
const said = (minutes, more = {}) => ({ kind: 'message', key: `k${minutes}`, nick: 'bob', via: 'tcp', at: new Date(noon + minutes * 60_000).toISOString(), text: 'x', ...more });
const shape = (list) => list.map((row) => (row.kind === 'message' ? (row.grouped ? (row.sameMinute ? 'same' : 'more') : 'head') : row.kind));

test('one breath is one group: same nick, same transport, within five minutes', () => {
  assert.deepEqual(shape(rows([said(0), said(0.5), said(1), said(5.9), said(11)], [], 'ann')), ['day', 'head', 'same', 'more', 'more', 'head']);
  assert.deepEqual(shape(rows([said(0), said(1, { via: 'udp' }), said(2, { nick: 'eve' })], [], 'ann')), ['day', 'head', 'head', 'head']);
});

test('actions and lines between end a group', () => {
  assert.deepEqual(shape(rows([said(0), said(1, { action: true }), said(2)], [], 'ann')), ['day', 'head', 'head', 'head']);
  assert.deepEqual(shape(rows([said(0), { kind: 'gap', key: 'g' }, said(1)], [], 'ann')), ['day', 'head', 'gap', 'head']);
});

test('a day line stands before the first message of each day', () => {
  assert.deepEqual(shape(rows([said(0), said(1), said(24 * 60), said(24 * 60 + 1)], [], 'ann')), ['day', 'head', 'more', 'day', 'head', 'more']);
});

test('what is on its way stands last, with its state and without a number', () => {
  const item = { id: 'c1', text: 'mine', action: false, at: noon + 60_000, state: 'sent', seq: 9 };
  const last = rows([said(0)], [item], 'ann').at(-1);
  assert.deepEqual([last.key, last.nick, last.via, last.state, last.seq, last.own], ['out-c1', 'ann', 'ws', 'sent', undefined, true]);
});

test('a time that cannot be read does not stop the rest', () => {
  assert.equal(rows([said(0, { at: 'whenever' }), said(1)], [], 'ann').filter((row) => row.kind === 'message').length, 2);
});

test('in a conversation who said a message is known, whatever anybody is called by now', () => {
  const list = rows([said(0, { nick: 'ann', own: false }), said(1, { nick: 'before', own: true })], [{ id: 'c', to: 'bob', text: 'x', at: noon, state: 'failed' }], 'ann');
  assert.deepEqual(list.filter((row) => row.kind === 'message').map(({ own, to }) => [own, to]), [[false, undefined], [true, undefined], [true, 'bob']]);
});
