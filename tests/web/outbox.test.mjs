import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { DIRECT, Outbox, newId } from '../../web/js/outbox.js';
import { counter } from './fakes.mjs';

function setup({ items } = {}) {
  const time = { now: 1_000 };
  const saved = { items: null };
  const outbox = new Outbox({ items, id: counter('c'), now: () => time.now, save: (kept) => { saved.items = structuredClone(kept); } });
  return { outbox, time, saved };
}
const ids = (items) => items.map((item) => item.id);

test('ids have 128 bits and do not repeat', () => {
  const made = new Set(Array.from({ length: 1000 }, () => newId(webcrypto)));
  assert.equal(made.size, 1000);
  for (const id of made) assert.match(id, /^[0-9a-f]{32}$/);
});

test('a message waits until its room is open, then goes out once, in order', () => {
  const { outbox } = setup();
  outbox.add('lobby', 'one');
  outbox.add('dev', 'elsewhere');
  outbox.add('lobby', 'two');
  assert.deepEqual(outbox.take(), []);
  outbox.open('lobby');
  assert.deepEqual(outbox.take().map((item) => item.text), ['one', 'two']);
  assert.deepEqual(outbox.take(), []);
  outbox.open('dev');
  assert.deepEqual(outbox.take().map((item) => item.text), ['elsewhere']);
});

test('after the connection was lost the same ids go out again, without what was acknowledged', () => {
  const { outbox } = setup();
  outbox.open('lobby');
  for (const text of ['one', 'two', 'three']) outbox.add('lobby', text);
  assert.deepEqual(ids(outbox.take()), ['c1', 'c2', 'c3']);
  outbox.acknowledged('c2', 7);
  outbox.disconnected();
  assert.deepEqual(outbox.take(), [], 'no room is open any more');
  outbox.add('lobby', 'four');
  outbox.open('lobby');
  assert.deepEqual(ids(outbox.take()), ['c1', 'c3', 'c4']);
});

test('the ack and the message may come in either order', () => {
  for (const order of [['ack', 'message'], ['message', 'ack']]) {
    const { outbox } = setup();
    outbox.open('lobby');
    outbox.add('lobby', 'hi');
    outbox.take();
    for (const each of order) {
      if (each === 'ack') outbox.acknowledged('c1', 5);
      else assert.equal(outbox.seen('c1')?.text, 'hi');
    }
    assert.deepEqual(outbox.items('lobby'), []);
    outbox.disconnected();
    outbox.open('lobby');
    assert.deepEqual(outbox.take(), []);
  }
});

test('acknowledged is sent: shown until the room shows it, kept nowhere, never written again', () => {
  const { outbox, saved } = setup();
  outbox.open('lobby');
  outbox.add('lobby', 'hi');
  outbox.take();
  const item = outbox.acknowledged('c1', 5);
  assert.deepEqual([item.state, item.seq], ['sent', 5]);
  assert.deepEqual(ids(outbox.items('lobby')), ['c1']);
  assert.deepEqual(saved.items, []);
  outbox.disconnected();
  outbox.open('lobby');
  assert.deepEqual(outbox.take(), []);
});

test('a replay that brings a message whose ack was lost settles it', () => {
  const { outbox } = setup();
  outbox.open('lobby');
  outbox.add('lobby', 'hi');
  outbox.take();
  outbox.disconnected();
  outbox.seen('c1');
  outbox.open('lobby');
  assert.deepEqual(outbox.take(), []);
});

test('what was kept survives a reload under its ids, failures with their reasons', () => {
  const first = setup();
  first.outbox.open('lobby');
  first.outbox.add('lobby', 'in flight');
  first.outbox.add('lobby', 'refused', { action: true });
  first.outbox.take();
  first.outbox.refused('c2', 'forbidden', 'no');
  const { outbox } = setup({ items: first.saved.items });
  assert.deepEqual(outbox.items('lobby').map(({ id, text, action, state, code }) => ({ id, text, action, state, code })), [
    { id: 'c1', text: 'in flight', action: false, state: 'pending', code: undefined },
    { id: 'c2', text: 'refused', action: true, state: 'failed', code: 'forbidden' },
  ]);
  outbox.open('lobby');
  assert.deepEqual(ids(outbox.take()), ['c1']);
});

test('storage that was tampered with does no harm', () => {
  const { outbox } = setup({ items: [{}, { id: 1, room: 'a', text: 'b' }, { id: 'x', room: 'lobby', text: 'ok', state: 'sent' }, { id: 'x', room: 'lobby', text: 'again' }] });
  assert.deepEqual(outbox.items('lobby').map(({ id, text, state }) => ({ id, text, state })), [{ id: 'x', text: 'ok', state: 'pending' }]);
});

test('a refusal marks that message failed; retry sends the same id, discard forgets it', () => {
  const { outbox } = setup();
  outbox.open('lobby');
  for (const text of ['one', 'two']) outbox.add('lobby', text);
  outbox.take();
  const item = outbox.refused('c1', 'forbidden', 'not here');
  assert.deepEqual([item.state, item.code, item.reason], ['failed', 'forbidden', 'not here']);
  outbox.disconnected();
  outbox.open('lobby');
  assert.deepEqual(ids(outbox.take()), ['c2'], 'a failed one does not go out by itself');
  outbox.retry('c1');
  assert.deepEqual(ids(outbox.take()), ['c1']);
  outbox.refused('c1', 'forbidden');
  assert.equal(outbox.discard('c2'), null, 'only what failed can be discarded');
  assert.equal(outbox.discard('c1').text, 'one');
  assert.deepEqual(ids(outbox.items('lobby')), ['c2']);
});

test('"not now" pauses everything, longer each time, and ends with the first ack', () => {
  const { outbox, time } = setup();
  outbox.open('lobby');
  for (const text of ['one', 'two']) outbox.add('lobby', text);
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
  assert.equal(outbox.items('lobby')[1].state, 'pending');
});

test('a text over the limits fails before it goes out, with what is wrong', () => {
  const { outbox } = setup();
  outbox.open('lobby');
  const long = outbox.add('lobby', 'é'.repeat(2049));
  assert.deepEqual([long.state, long.code, long.reason], ['failed', 'too_long', { bytes: 4098, limit: 4096 }]);
  const tall = outbox.add('lobby', 'x\n'.repeat(100));
  assert.deepEqual([tall.state, tall.reason], ['failed', { lines: 101, limit: 100 }]);
  assert.equal(outbox.add('lobby', 'é'.repeat(2048)).state, 'pending');
  assert.equal(outbox.add('lobby', Array(100).fill('x').join('\n')).state, 'pending');
  assert.deepEqual(ids(outbox.take()), ['c3', 'c4']);
  outbox.retry('c1');
  assert.equal(long.state, 'failed');
  outbox.limits.message_bytes = 8000;
  outbox.retry('c1');
  assert.equal(long.state, 'pending');
});

test('half of a surrogate pair becomes U+FFFD, whole pairs stay', () => {
  const { outbox } = setup();
  assert.equal(outbox.add('lobby', 'a\uD83Db\uDC4Bc👋').text, 'a\uFFFDb\uFFFDc👋');
});

test('at most 32 are in flight; an ack makes room', () => {
  const { outbox } = setup();
  outbox.open('lobby');
  for (let i = 0; i < 40; i += 1) outbox.add('lobby', `${i}`);
  assert.equal(outbox.take().length, 32);
  assert.equal(outbox.take().length, 0);
  outbox.acknowledged('c1', 1);
  outbox.seen('c2');
  assert.deepEqual(ids(outbox.take()), ['c33', 'c34']);
});

test('what was acknowledged and will not be seen is handed out once', () => {
  const { outbox } = setup();
  outbox.open('lobby');
  for (const text of ['one', 'two', 'three']) outbox.add('lobby', text);
  outbox.take();
  outbox.acknowledged('c1', 10);
  outbox.acknowledged('c2', 20);
  assert.deepEqual(ids(outbox.takeSent('lobby', 5, 15)), ['c1']);
  assert.deepEqual(ids(outbox.takeSent('lobby')), ['c2']);
  assert.deepEqual(ids(outbox.items('lobby')), ['c3'], 'pending is not touched');
});

test('answers to ids that are not here are ignored, and a late refusal of what was sent as well', () => {
  const { outbox } = setup();
  assert.equal(outbox.acknowledged('zz', 1), null);
  assert.equal(outbox.seen('zz'), null);
  assert.equal(outbox.refused('zz', 'internal'), null);
  outbox.open('lobby');
  outbox.add('lobby', 'hi');
  outbox.take();
  outbox.acknowledged('c1', 1);
  assert.equal(outbox.refused('c1', 'internal'), null);
  assert.equal(outbox.items('lobby')[0].state, 'sent');
});

test('whoever leaves a room forgets what was meant for it', () => {
  const { outbox, saved } = setup();
  outbox.add('lobby', 'hi');
  outbox.add('dev', 'ho');
  outbox.drop('lobby');
  assert.deepEqual(ids(saved.items), ['c2']);
});

test('a direct message goes out once: unanswered when the connection is lost, it has failed, and retry is for a person to say', () => {
  const { outbox } = setup();
  outbox.open(DIRECT);
  outbox.add('@bob', 'psst', { to: 'bob' });
  assert.deepEqual(outbox.take().map(({ to, room }) => [to, room]), [['bob', '@bob']]);
  outbox.disconnected();
  outbox.add('@bob', 'written offline', { to: 'bob' });
  assert.deepEqual(outbox.items('@bob').map(({ state, code }) => [state, code]), [['failed', 'unknown'], ['pending', undefined]]);
  outbox.open(DIRECT);
  assert.deepEqual(outbox.take().map(({ text }) => text), ['written offline']);
  outbox.retry('c1');
  assert.deepEqual(outbox.take().map(({ text }) => text), ['psst']);
});

test('neither does a reload send a direct message again, however it comes about', () => {
  const first = setup();
  first.outbox.open(DIRECT);
  first.outbox.add('@bob', 'written', { to: 'bob' });
  first.outbox.take();
  assert.equal(first.saved.items[0].written, true, 'that it goes out is kept before it does');
  first.outbox.add('@bob', 'waiting', { to: 'bob' });
  const { outbox } = setup({ items: first.saved.items });
  outbox.open(DIRECT);
  assert.deepEqual(outbox.take().map(({ text }) => text), ['waiting']);
  assert.deepEqual(outbox.items('@bob').map(({ state }) => state), ['failed', 'pending']);
  assert.deepEqual([...outbox.recipients()], ['bob']);
});

test('a direct message told "not now" was not delivered and goes out again by itself, also on another connection', () => {
  const { outbox, time } = setup();
  outbox.open(DIRECT);
  outbox.add('@bob', 'psst', { to: 'bob' });
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
  const { outbox } = setup();
  outbox.add('@bob', 'psst', { to: 'bob' });
  outbox.move('@bob', '@rob', 'Rob');
  outbox.open(DIRECT);
  assert.deepEqual(outbox.take().map(({ to, room }) => [to, room]), [['Rob', '@rob']]);
  assert.deepEqual(outbox.items('@bob'), []);
});
