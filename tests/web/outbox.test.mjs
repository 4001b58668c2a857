import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { newId } from '../../web/client/common.js';
import { DIRECT, Outbox } from '../../web/client/outbox.js';
import { counter } from './fakes.mjs';

function setup({ items = [] } = {}) {
  const time = { now: 1_000 };
  const saved = { items: null, times: 0 };
  const told = [];
  const outbox = new Outbox({
    now: () => time.now,
    save: (kept) => { saved.items = structuredClone(kept()); saved.times += 1; },
    told: ({ id }, change) => told.push(`${id} ${change}`),
  });
  outbox.adopt(items);
  const newItem = counter('c');
  const put = (room, text, { action = false } = {}) => {
    const item = { id: newItem(), ...(room.startsWith(DIRECT) ? { to: room.slice(1) } : { room }), text, action, at: time.now, state: 'pending' };
    outbox.add(item);
    return item;
  };
  const inRoom = (room) => outbox.items.filter((item) => (item.room ?? DIRECT + item.to) === room);
  return { outbox, time, saved, told, put, inRoom };
}
const ids = (items) => items.map((item) => item.id);
const turn = () => Promise.resolve();  // changes are saved at its end

test('ids have 128 bits and do not repeat', () => {
  const made = new Set(Array.from({ length: 1000 }, () => newId(webcrypto)));
  assert.equal(made.size, 1000);
  for (const id of made) assert.match(id, /^[0-9a-f]{32}$/);
});

test('a message waits until its room is open, then goes out once, in order', () => {
  const { outbox, put } = setup();
  put('lobby', 'one');
  put('dev', 'elsewhere');
  put('lobby', 'two');
  assert.deepEqual(outbox.take(), []);
  outbox.open('lobby');
  assert.deepEqual(outbox.take().map((item) => item.text), ['one', 'two']);
  assert.deepEqual(outbox.take(), []);
  outbox.open('dev');
  assert.deepEqual(outbox.take().map((item) => item.text), ['elsewhere']);
});

test('after the connection was lost the same ids go out again, without what was acknowledged', () => {
  const { outbox, put } = setup();
  outbox.open('lobby');
  for (const text of ['one', 'two', 'three']) put('lobby', text);
  assert.deepEqual(ids(outbox.take()), ['c1', 'c2', 'c3']);
  outbox.acknowledged('c2', 7);
  outbox.disconnected();
  assert.deepEqual(outbox.take(), [], 'no room is open any more');
  put('lobby', 'four');
  outbox.open('lobby');
  assert.deepEqual(ids(outbox.take()), ['c1', 'c3', 'c4']);
});

test('the ack and the message may come in either order', () => {
  for (const order of [['ack', 'message'], ['message', 'ack']]) {
    const { outbox, put, inRoom } = setup();
    outbox.open('lobby');
    put('lobby', 'hi');
    outbox.take();
    for (const each of order) {
      if (each === 'ack') outbox.acknowledged('c1', 5);
      else assert.equal(outbox.seen('lobby', 'c1', 5), true);
    }
    assert.deepEqual(inRoom('lobby'), []);
    outbox.disconnected();
    outbox.open('lobby');
    assert.deepEqual(outbox.take(), []);
  }
});

test('acknowledged is sent: shown until the room shows it, kept nowhere, never written again', async () => {
  const { outbox, saved, put, inRoom } = setup();
  outbox.open('lobby');
  put('lobby', 'hi');
  outbox.take();
  outbox.acknowledged('c1', 5);
  assert.deepEqual([outbox.item('c1').state, outbox.item('c1').seq], ['sent', 5]);
  assert.deepEqual(ids(inRoom('lobby')), ['c1']);
  await turn();
  assert.deepEqual(saved.items, []);
  outbox.disconnected();
  outbox.open('lobby');
  assert.deepEqual(outbox.take(), []);
});

test('a replay that brings a message whose ack was lost settles it', () => {
  const { outbox, put } = setup();
  outbox.open('lobby');
  put('lobby', 'hi');
  outbox.take();
  outbox.disconnected();
  outbox.seen('lobby', 'c1');
  outbox.open('lobby');
  assert.deepEqual(outbox.take(), []);
});

test('what was kept survives a reload under its ids, failures with their reasons', async () => {
  const first = setup();
  first.outbox.open('lobby');
  first.put('lobby', 'in flight');
  first.put('lobby', 'refused', { action: true });
  first.outbox.take();
  first.outbox.refused('c2', 'forbidden', 'no');
  await turn();
  const { outbox, inRoom } = setup({ items: first.saved.items });
  assert.deepEqual(inRoom('lobby').map(({ id, text, action, state, code }) => ({ id, text, action, state, code })), [
    { id: 'c1', text: 'in flight', action: false, state: 'pending', code: undefined },
    { id: 'c2', text: 'refused', action: true, state: 'failed', code: 'forbidden' },
  ]);
  outbox.open('lobby');
  assert.deepEqual(ids(outbox.take()), ['c1']);
});

test('storage that was tampered with does no harm', () => {
  const { outbox, inRoom } = setup({ items: [null, 3, {}, { id: 'y', room: 'No Room', text: 'b' }, { id: 'z', room: 'lobby', to: null, text: 'b' }, { id: 1, room: 'a', text: 'b' }, { id: 'x', room: 'lobby', text: 'ok', state: 'sent' }, { id: 'x', room: 'lobby', text: 'again' }] });
  assert.deepEqual(inRoom('lobby').map(({ id, text, state }) => ({ id, text, state })), [{ id: 'x', text: 'ok', state: 'pending' }]);
});

test('a time that is none, or none that can be shown, becomes now', () => {
  const { outbox } = setup({ items: [9e15, '1000', null, 500].map((at, i) => ({ id: `k${i}`, room: 'lobby', text: 'x', at })) });
  assert.deepEqual(outbox.items.map(({ at }) => at), [1_000, 1_000, 1_000, 500]);
});

test('many changes in one turn are saved once', async () => {
  const { outbox, saved, put } = setup();
  await turn();
  saved.times = 0;
  for (let i = 0; i < 3_000; i += 1) put('lobby', `${i}`);
  await turn();
  assert.deepEqual([saved.times, saved.items.length], [1, 3_000]);
  outbox.discard('c1');
  await turn();
  assert.deepEqual([saved.times, saved.items.length], [2, 2_999]);
});

test('somebody else sends our id again, elsewhere: what waits here is not settled by it', () => {
  const { outbox, put } = setup();
  put('lobby', 'hi');
  put('@bob', 'psst');
  for (const id of ['c1', 'c2']) assert.equal(outbox.seen('dev', id, 5), false);
  assert.deepEqual(ids(outbox.items), ['c1', 'c2']);
});

test('a room that lets nobody in: what waits for it has failed with the reason, what it has already will not be seen', () => {
  const { outbox, put, told } = setup();
  outbox.open('lobby');
  for (const text of ['sent', 'waits', 'refused']) put('lobby', text);
  put('dev', 'elsewhere');
  outbox.take();
  outbox.acknowledged('c1', 5);
  outbox.refused('c3', 'forbidden', 'no');
  told.length = 0;
  outbox.shut('lobby', 'too_many', 'so many rooms');
  assert.deepEqual(outbox.items.map(({ id, state, code, reason }) => [id, state, code, reason]), [
    ['c2', 'failed', 'too_many', 'so many rooms'], ['c3', 'failed', 'forbidden', 'no'], ['c4', 'pending', undefined, undefined],
  ]);
  assert.deepEqual(told, ['c2 failed', 'c1 unseen']);
});

test('a refusal marks that message failed; retry sends the same id, discard forgets it', () => {
  const { outbox, put, inRoom } = setup();
  outbox.open('lobby');
  for (const text of ['one', 'two']) put('lobby', text);
  outbox.take();
  outbox.refused('c1', 'forbidden', 'not here');
  const item = outbox.item('c1');
  assert.deepEqual([item.state, item.code, item.reason], ['failed', 'forbidden', 'not here']);
  outbox.disconnected();
  outbox.open('lobby');
  assert.deepEqual(ids(outbox.take()), ['c2'], 'a failed one does not go out by itself');
  outbox.retry('c1');
  assert.deepEqual(ids(outbox.take()), ['c1']);
  outbox.refused('c1', 'forbidden');
  assert.equal(outbox.discard('c1').text, 'one');
  assert.deepEqual(ids(inRoom('lobby')), ['c2']);
});

test('"not now" pauses everything, longer each time, and ends with the first ack', () => {
  const { outbox, time, put, inRoom } = setup();
  outbox.open('lobby');
  for (const text of ['one', 'two']) put('lobby', text);
  const expectPause = (ms) => {
    assert.deepEqual(ids(outbox.take()), ['c1', 'c2']);
    outbox.refused('c1', 'rate_limited');
    outbox.refused('c2', 'overloaded');
    assert.equal(outbox.resumeAt, time.now + ms);
    time.now += ms - 1;
    assert.deepEqual(outbox.take(), []);
    time.now += 1;
    assert.equal(outbox.resumeAt, null);
  };
  for (const ms of [1000, 2000, 4000, 8000, 16000, 30000, 30000]) expectPause(ms);
  outbox.take();
  outbox.acknowledged('c1', 3);
  outbox.refused('c2', 'overloaded');
  assert.equal(outbox.resumeAt, time.now + 1000);
  assert.equal(inRoom('lobby')[1].state, 'pending');
});

test('a text over the limits fails before it goes out, with what is wrong', () => {
  const { outbox, put } = setup();
  outbox.open('lobby');
  const long = put('lobby', 'é'.repeat(2049));
  assert.deepEqual([long.state, long.code, long.reason], ['failed', 'too_long', { bytes: 4098, limit: 4096 }]);
  const tall = put('lobby', 'x\n'.repeat(100));
  assert.deepEqual([tall.state, tall.reason], ['failed', { lines: 101, limit: 100 }]);
  assert.equal(put('lobby', 'é'.repeat(2048)).state, 'pending');
  assert.equal(put('lobby', Array(100).fill('x').join('\n')).state, 'pending');
  assert.deepEqual(ids(outbox.take()), ['c3', 'c4']);
  outbox.retry('c1');
  assert.equal(long.state, 'failed');
  outbox.limits.message_bytes = 8000;
  outbox.retry('c1');
  assert.equal(long.state, 'pending');
});

test('half of a surrogate pair becomes U+FFFD, whole pairs stay', () => {
  const { outbox, put } = setup();
  assert.equal(put('lobby', 'a\uD83Db\uDC4Bc👋').text, 'a\uFFFDb\uFFFDc👋');
});

test('at most 32 are in flight; an ack makes room', () => {
  const { outbox, put } = setup();
  outbox.open('lobby');
  for (let i = 0; i < 40; i += 1) put('lobby', `${i}`);
  assert.equal(outbox.take().length, 32);
  assert.equal(outbox.take().length, 0);
  outbox.acknowledged('c1', 1);
  outbox.seen('lobby', 'c2');
  assert.deepEqual(ids(outbox.take()), ['c33', 'c34']);
});

test('what was acknowledged and will not be seen any more leaves, and is told to', () => {
  const { outbox, put, inRoom, told } = setup();
  outbox.open('lobby');
  for (const text of ['one', 'two', 'three']) put('lobby', text);
  outbox.take();
  outbox.acknowledged('c1', 10);
  outbox.acknowledged('c2', 20);
  told.length = 0;
  outbox.unseen('lobby', 5, 15);
  outbox.unseen('lobby');
  assert.deepEqual(told, ['c1 unseen', 'c2 unseen']);
  assert.deepEqual(ids(inRoom('lobby')), ['c3'], 'pending is not touched');
});

test('answers to ids that are not here are told apart, and a late refusal of what was sent changes nothing', () => {
  const { outbox, put } = setup();
  outbox.acknowledged('zz', 1);
  assert.equal(outbox.seen('lobby', 'zz', 1), false);
  assert.equal(outbox.refused('zz', 'internal'), false);
  outbox.open('lobby');
  put('lobby', 'hi');
  outbox.take();
  outbox.acknowledged('c1', 1);
  assert.equal(outbox.refused('c1', 'internal'), true);
  assert.equal(outbox.item('c1').state, 'sent');
});

test('what becomes of a message is told, once each', () => {
  const { outbox, put, told } = setup();
  for (const room of ['lobby', DIRECT]) outbox.open(room);
  put('lobby', 'seen');
  put('lobby', 'refused');
  put('@bob', 'psst');
  outbox.take();
  outbox.acknowledged('c1', 1);
  outbox.seen('lobby', 'c1', 1);
  outbox.acknowledged('c1', 1);
  outbox.refused('c2', 'forbidden');
  outbox.retry('c2');
  outbox.discard('c2');
  outbox.acknowledged('c3');
  assert.deepEqual(told, ['c1 pending', 'c2 pending', 'c3 pending', 'c1 sent', 'c1 seen', 'c2 failed', 'c2 pending', 'c2 dropped', 'c3 sent', 'c3 seen']);
});

test('a server that takes less than was thought: what waits is judged again before it goes out', () => {
  const { outbox, put } = setup();
  const item = put('lobby', 'x'.repeat(2000));
  outbox.limits.message_bytes = 1000;
  outbox.open('lobby');
  assert.deepEqual(outbox.take(), []);
  assert.deepEqual([item.state, item.code], ['failed', 'too_long']);
});

test('it takes 10,000 messages and no more', () => {
  const { outbox, put } = setup({ items: Array.from({ length: 9_999 }, (_, i) => ({ id: `k${i}`, room: 'lobby', text: 'x' })) });
  assert.equal(outbox.full, false);
  put('lobby', 'the last');
  assert.equal(outbox.full, true);
});

test('whoever leaves a room forgets what was meant for it', async () => {
  const { outbox, saved, put } = setup();
  put('lobby', 'hi');
  put('dev', 'ho');
  outbox.drop('lobby');
  await turn();
  assert.deepEqual(ids(saved.items), ['c2']);
});

test('a direct message goes out once: unanswered when the connection is lost, it has failed, and retry is for a person to say', () => {
  const { outbox, put, inRoom } = setup();
  outbox.open(DIRECT);
  put('@bob', 'psst');
  assert.deepEqual(outbox.take().map(({ to, room }) => [to, room]), [['bob', undefined]]);
  outbox.disconnected();
  put('@bob', 'written offline');
  assert.deepEqual(inRoom('@bob').map(({ state, code }) => [state, code]), [['failed', 'unknown'], ['pending', undefined]]);
  outbox.open(DIRECT);
  assert.deepEqual(outbox.take().map(({ text }) => text), ['written offline']);
  outbox.retry('c1');
  assert.deepEqual(outbox.take().map(({ text }) => text), ['psst']);
});

test('neither does a reload send a direct message again, however it comes about', async () => {
  const first = setup();
  first.outbox.open(DIRECT);
  first.put('@bob', 'written');
  first.outbox.take();
  assert.equal(first.saved.items[0].written, true, 'that it goes out is kept before it does');
  first.put('@bob', 'waiting');
  await turn();
  const { outbox, inRoom } = setup({ items: first.saved.items });
  outbox.open(DIRECT);
  assert.deepEqual(outbox.take().map(({ text }) => text), ['waiting']);
  assert.deepEqual(inRoom('@bob').map(({ state }) => state), ['failed', 'pending']);
});

test('a direct message told "not now" was not delivered and goes out again by itself, also on another connection', () => {
  const { outbox, time, put } = setup();
  outbox.open(DIRECT);
  put('@bob', 'psst');
  outbox.take();
  outbox.refused('c1', 'rate_limited');
  assert.deepEqual(outbox.take(), []);
  time.now += 1000;
  assert.deepEqual(ids(outbox.take()), ['c1']);
  outbox.refused('c1', 'rate_limited');
  outbox.disconnected();
  outbox.open(DIRECT);
  assert.deepEqual(ids(outbox.take()), ['c1']);
});

test('what waits for someone goes to their new name', () => {
  const { outbox, put } = setup();
  put('@bob', 'psst');
  outbox.redirect('BOB', 'Rob');
  outbox.open(DIRECT);
  assert.deepEqual(outbox.take().map(({ to }) => to), ['Rob']);
});
