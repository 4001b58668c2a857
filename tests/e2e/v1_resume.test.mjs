// Coming back to a room with chatbridge.v1: nothing missing, nothing twice; and what a session is.
import assert from 'node:assert/strict';
import test from 'node:test';
import { DEADLINE_MS } from '../support/wait.mjs';
import { scene } from '../support/scene.mjs';

async function talk(client, count, text = (n) => `m${n}.`) {
  const acks = [];
  for (let n = 0; n < count; n++) acks.push(await client.publish(text(n)));
  return acks.map((ack) => ack.seq);
}

// What a client that came back has received, once a message said after that is there too.
let marks = 0;
async function receivedBy(client, speaker) {
  const mark = `=live ${++marks}=`;  // a new one each time: an old one may be in what the client gets
  await speaker.publish(mark);
  await client.hears(mark);
  return client.texts().map((text) => text.replace(/^=live \d+=$/, '=live='));
}

const numbered = (from, to) => Array.from({ length: to - from }, (_, n) => `m${from + n}.`);

test('with after and epoch everything missed comes once and in order, then live', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const lost = await s.v1({ nick: 'ann' });
  const [first] = await talk(bob, 1);
  await lost.hears('m0.');
  await lost.close();
  for (let n = 1; n <= 200; n++) await bob.publish(`m${n}.`);
  const back = await s.v1({ session: lost.session, after: first, epoch: lost.joined.epoch });
  assert.equal(back.joined.recovered, true);
  assert.equal(back.nick, 'ann');
  assert.deepEqual(await receivedBy(back, bob), [...numbered(1, 201), '=live=']);
  assert.ok(!back.events.some((event) => event.type === 'gap'));
});

test('coming back while others talk loses nothing at the seam', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const { epoch, head } = bob.joined;
  const talking = talk(bob, 300);
  const back = [];
  for (let n = 0; n < 10; n++) {
    await bob.hears(`m${n * 25}.`);
    back.push(await s.v1({ after: head, epoch }));
  }
  await talking;
  for (const client of back) {
    await client.hears('m299.');
    assert.deepEqual(client.texts(), numbered(0, 300));
    assert.equal(client.joined.recovered, true);
  }
});

test('without after the last 50 come, with after 0 all that is kept', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  await talk(bob, 60);
  assert.deepEqual(await receivedBy(await s.v1(), bob), [...numbered(10, 60), '=live=']);
  assert.deepEqual(await receivedBy(await s.v1({ after: 0 }), bob), [...numbered(0, 60), '=live=', '=live=']);
});

test('another epoch, or a place above the head: recovered is false and the last 50 come', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const seqs = await talk(bob, 60);
  const { epoch } = bob.joined;
  for (const place of [{ after: seqs[55], epoch: `${epoch}x` }, { after: seqs[59] + 1000, epoch }]) {
    const back = await s.v1({ room: 'elsewhere' });
    const joined = await back.join('lobby', place);
    assert.equal(joined.recovered, false, JSON.stringify(place));
    assert.equal(joined.epoch, epoch);
    await back.hears('m59.');
    assert.deepEqual(back.messages('lobby').slice(0, 50).map((message) => message.text), numbered(10, 60));
  }
});

test('older than what is kept: recovered is false, a gap, then all that is kept', async (t) => {
  const s = await scene(t, { args: ['--set', 'room.window_bytes=64KiB'] });
  const bob = await s.v1({ nick: 'bob' });
  const filler = ' '.padEnd(2000, '.');
  const seqs = await talk(bob, 200, (n) => `m${n}${filler}`);
  const back = await s.v1({ after: seqs[0], epoch: bob.joined.epoch });
  assert.equal(back.joined.recovered, false);
  await back.hears(`m199${filler}`);
  const events = back.events.filter((event) => event.type === 'gap' || event.type === 'message');
  assert.deepEqual(events.map((event) => event.type).slice(0, 2), ['gap', 'message'], 'the gap comes first');
  const kept = back.messages().map((message) => message.seq);
  assert.ok(kept.length >= 8 && kept.length < 100, `${kept.length} kept in 64 KiB`);
  assert.deepEqual(kept, seqs.slice(-kept.length), 'the newest, without a hole');
  const { from, to, room } = events[0];
  assert.equal(room, 'lobby');
  assert.ok(seqs[0] < from && from <= to && to < kept[0], `gap ${from}-${to} between ${seqs[0]} and ${kept[0]}`);
  const missing = seqs.filter((seq) => seq > seqs[0] && seq < kept[0]);
  assert.ok(from <= missing[0] && to >= missing.at(-1), 'the gap covers all that is missing');
});

test('the same session and id is said once, also on another connection; the first text wins', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const ann = await s.v1({ nick: 'ann' });
  const first = await ann.publish('original', { id: 'x1' });
  const again = await ann.publish('original', { id: 'x1' });
  const second = await s.v1({ session: ann.session });
  const elsewhere = await second.publish('changed', { id: 'x1' });
  assert.equal(again.seq, first.seq);
  assert.equal(elsewhere.seq, first.seq);
  await ann.close();
  await second.close();
  const third = await s.v1({ session: ann.session });
  assert.equal((await third.publish('changed', { id: 'x1' })).seq, first.seq, 'after all connections were lost too');
  const stranger = await s.v1({ nick: 'stranger' });
  assert.notEqual((await stranger.publish('of another', { id: 'x1' })).seq, first.seq);
  await bob.hears('of another');
  assert.deepEqual(bob.texts(), ['original', 'of another']);
});

test('one id sent many times at once on two connections is said once', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const ann = await s.v1({ nick: 'ann' });
  const twin = await s.v1({ session: ann.session });
  const acks = await Promise.all([ann, twin, ann, twin].map((each) => each.publish('once', { id: 'same' })));
  assert.equal(new Set(acks.map((ack) => ack.seq)).size, 1);
  await bob.publish('=marker=');
  await bob.hears('=marker=');  // its ack may come first
  assert.deepEqual(bob.texts(), ['once', '=marker=']);
});

test('two connections of one session are one person', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const ann = await s.v1({ nick: 'ann' });
  const twin = await s.v1({ session: ann.session });
  assert.equal(twin.nick, 'ann');
  assert.equal((await bob.ask({ type: 'who', room: 'lobby' }, 'members')).count, 2);
  await ann.publish('from one');
  await twin.hears('from one');
  const renamed = (event) => event.type === 'nick' && event.nick === 'anna';
  await twin.ask({ type: 'nick', nick: 'anna' }, renamed);
  await ann.next(renamed);
  await ann.leave();
  await twin.publish('the other goes on');
  assert.equal((await bob.hears('the other goes on')).nick, 'anna');
  const who = await bob.ask({ type: 'who', room: 'lobby' }, 'members');
  assert.deepEqual(who.members.map((each) => each.nick).sort(), ['anna', 'bob']);
});

test('an unknown session gets a new one', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann', session: 'made-up-0123456789abcdef' });
  assert.notEqual(ann.session, 'made-up-0123456789abcdef');
  assert.equal(ann.nick, 'ann');
});

test('a taken nick in hello: welcome as guest and nick_taken, the connection stays', async (t) => {
  const s = await scene(t);
  await s.tcp({ nick: 'ann' });
  const late = await s.v1({ nick: 'ANN' });
  assert.match(late.nick, /^guest-\d+$/);
  await late.until((events) => events.some((event) => event.type === 'error' && event.code === 'nick_taken'), 'nick_taken');
  await late.publish('still here');
});

test('a lost connection keeps its nick for its session through session.grace', async (t) => {
  const s = await scene(t, { args: ['--set', 'session.grace=1h'] });
  const ann = await s.v1({ nick: 'ann' });
  await ann.close();
  const thief = await s.v1({ nick: 'thief' });
  assert.equal((await thief.refused({ type: 'nick', nick: 'ann' })).code, 'nick_taken');
  const back = await s.v1({ session: ann.session });
  assert.equal(back.nick, 'ann');
});

test('after session.grace the nick is free', async (t) => {
  const s = await scene(t, { args: ['--set', 'session.grace=200ms'] });
  const ann = await s.v1({ nick: 'ann' });
  await ann.close();
  const heir = await s.v1({ nick: 'heir' });
  // Asks until it is free; every try is a round trip, and only the deadline ends a nick that never gets free.
  const deadline = Date.now() + DEADLINE_MS;
  let answer;
  do {
    answer = await heir.ask({ type: 'nick', nick: 'ann' }, (event) => event.type === 'error' || event.type === 'nick');
    assert.ok(answer.type === 'nick' || answer.code === 'nick_taken', answer.code);
  } while (answer.type === 'error' && Date.now() < deadline);
  assert.equal(answer.type, 'nick', 'the nick got free');
});

test('a goodbye frees the nick at once', async (t) => {
  const s = await scene(t, { args: ['--set', 'session.grace=1h'] });
  const bob = await s.tcp({ nick: 'bob' });
  const ann = await s.tcp({ nick: 'ann' });
  await ann.say('/quit');
  await ann.whenClosed();
  await bob.rename('ann');

  const late = await s.v1({ session: ann.session, nick: 'anna' });
  assert.equal(late.nick, 'anna');
  await late.publish('as anna');
  assert.deepEqual(late.events.filter((event) => event.type === 'error'), [], 'who has the name they ask for is told of no other');
});
