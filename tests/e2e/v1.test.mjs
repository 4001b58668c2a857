// The JSON protocol chatbridge.v1: hello, rooms, messages, people, history, and its errors.
import assert from 'node:assert/strict';
import test from 'node:test';
import { scene } from '../support/scene.mjs';

const names = (people) => people.map((each) => each.nick ?? each).sort();

test('anything before hello is bad_request', async (t) => {
  const s = await scene(t);
  for (const early of [{ type: 'join', room: 'lobby' }, { type: 'message', room: 'lobby', text: 'x', id: 'a' }]) {
    const v1 = await s.v1Socket().open();
    assert.equal((await v1.refused(early)).code, 'bad_request');
  }
});

test('welcome says who one is, the default room and the limits, and joins nothing', async (t) => {
  const s = await scene(t, { args: ['--room', 'hall'] });
  const v1 = await s.v1({ room: null });
  assert.match(v1.welcome.nick, /^guest-\d+$/);
  assert.equal(v1.welcome.room, 'hall');
  assert.equal(v1.welcome.limits.message_bytes, 4096);
  assert.ok(typeof v1.welcome.session === 'string' && v1.welcome.session.length >= 16, 'a session nobody guesses');
  assert.equal((await v1.refused({ type: 'message', room: 'hall', text: 'x', id: 'a' })).code, 'not_joined');
});

test('hundreds that come at once are all let in and welcomed', async (t) => {
  const s = await scene(t, { args: ['--threads', '1'] });
  const sockets = await Promise.all(Array.from({ length: 300 }, () => s.v1({ room: null })));
  assert.equal(new Set(sockets.map((v1) => v1.welcome.nick)).size, 300);
});

test('joined says epoch, head, and who is there over what', async (t) => {
  const s = await scene(t);
  await s.tcp({ nick: 'bob' });
  const v1 = await s.v1({ nick: 'ann' });
  const { epoch, head, count, members, recovered, room } = v1.joined;
  assert.equal(room, 'lobby');
  assert.ok(typeof epoch === 'string' && epoch !== '');
  assert.ok(Number.isSafeInteger(head) && head >= 0);
  assert.equal(typeof recovered, 'boolean');
  assert.equal(count, 2);
  assert.deepEqual(names(members), ['ann', 'bob']);
  assert.equal(members.find((each) => each.nick === 'bob').via, 'tcp');
  assert.equal(members.find((each) => each.nick === 'ann').via, 'ws');
  const { seq } = await v1.publish('one');
  assert.ok(seq > head);
  assert.equal((await s.v1({ nick: 'cat' })).joined.head, seq);
});

test('a message is acknowledged and comes back to its sender like to everybody, id included', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const bob = await s.v1({ nick: 'bob' });
  const before = Date.now();
  const ack = await ann.publish('hi', { id: 'c1' });
  assert.equal(ack.room, 'lobby');
  for (const receiver of [ann, bob]) {
    const message = await receiver.hears('hi');
    assert.deepEqual(message, {
      type: 'message', room: 'lobby', seq: ack.seq, at: message.at, nick: 'ann', via: 'ws', text: 'hi', id: 'c1',
    });
    assert.match(message.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(message.at) - before) < 60_000);
  }
  await ann.publish('waves', { action: true });
  assert.equal((await bob.hears('waves')).action, true);
  assert.ok((await bob.hears('waves')).seq > ack.seq);
});

test('bad input gets its error code and the connection goes on', async (t) => {
  const s = await scene(t);
  await s.tcp({ nick: 'bob' });
  const ann = await s.v1({ nick: 'ann' });
  const message = { type: 'message', room: 'lobby', text: 'x', id: 'e1' };
  const cases = [
    ['{"type":"mess', 'bad_request'], ['[]', 'bad_request'], ['"text"', 'bad_request'], ['{}', 'bad_request'],
    [{ type: 'frobnicate' }, 'unknown_type'], [{ type: 7 }, 'bad_request'],
    [{ type: 'join' }, 'bad_request'], [{ type: 'join', room: 5 }, 'bad_request'],
    [{ type: 'join', room: 'NO GOOD' }, 'bad_room'], [{ type: 'join', room: 'lobby', after: 'x' }, 'bad_request'],
    [{ ...message, text: undefined }, 'bad_request'], [{ ...message, text: 5 }, 'bad_request'],
    [{ ...message, room: 'elsewhere' }, 'not_joined'], [{ ...message, text: 'x'.repeat(4097) }, 'too_long'],
    [{ ...message, text: 'x\n'.repeat(101) }, 'too_long'],
    [{ type: 'history', room: 'lobby', limit: 'many' }, 'bad_request'],
    [{ type: 'nick', nick: 'no good' }, 'bad_nick'], [{ type: 'nick', nick: 'guest-9' }, 'bad_nick'],
    [{ type: 'nick', nick: 'BOB' }, 'nick_taken'], [{ type: 'nick' }, 'bad_request'],
  ];
  for (const [bad, code] of cases) {
    const error = await ann.refused(bad);
    assert.equal(error.code, code, JSON.stringify(bad).slice(0, 100));
    assert.equal(typeof error.message, 'string');
  }
  const tooLong = await ann.refused({ ...message, text: 'x'.repeat(5000) });
  assert.equal(tooLong.id, 'e1', 'an error names the message it is about');
  assert.equal(tooLong.room, 'lobby');
  await ann.publish('still here');
  assert.deepEqual(ann.texts(), ['still here']);
});

test('a text may have 4,096 bytes and 100 lines', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const texts = ['ä'.repeat(2048), Array.from({ length: 100 }, (_, n) => `line ${n}`).join('\n')];
  for (const text of texts) await ann.publish(text);
  await ann.until(() => ann.texts().length === 2, 'both');
  assert.deepEqual(ann.texts(), texts);
});

test('several objects in one frame are handled one by one; unknown fields are ignored', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  await ann.sendFrame(['{"type":"message","room":"lobby","text":"a","id":"1","future":{"x":[1]}}', 'broken',
    '{"type":"message","room":"lobby","text":"b","id":"2"}', '{"type":"ping"}', ''].join('\n'));
  await ann.next((event) => event.type === 'pong');
  await ann.hears('b');
  assert.deepEqual(ann.texts(), ['a', 'b']);
  assert.equal(ann.events.filter((event) => event.type === 'error' && event.code === 'bad_request').length, 1);
  await ann.until((events) => events.filter((event) => event.type === 'ack').length === 2, 'both acks');
});

test('one connection can be in several rooms, and leaves them one by one', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann', room: 'red' });
  await ann.join('blue');
  const red = await s.v1({ nick: 'r', room: 'red' });
  const blue = await s.v1({ nick: 'b', room: 'blue' });
  await red.publish('in red');
  await blue.publish('in blue');
  assert.equal((await ann.hears('in red')).room, 'red');
  assert.equal((await ann.hears('in blue')).room, 'blue');
  await ann.ask({ type: 'leave', room: 'red' }, (event) => event.type === 'left' && event.room === 'red');
  await red.publish('red again');
  await blue.publish('blue again');
  await ann.hears('blue again');
  await ann.roundTrip();
  assert.equal(ann.count('red again'), 0);
  assert.equal((await ann.refused({ type: 'message', room: 'red', text: 'x', id: 'x' })).code, 'not_joined');
});

test('who lists members by prefix and limit', async (t) => {
  const s = await scene(t);
  for (const nick of ['bea', 'ben', 'carl']) await s.tcp({ nick });
  const ann = await s.v1({ nick: 'ann' });
  const who = (extra) => ann.ask({ type: 'who', room: 'lobby', ...extra }, 'members');
  const all = await who({});
  assert.deepEqual(names(all.members), ['ann', 'bea', 'ben', 'carl']);
  assert.equal(all.count, 4);
  assert.equal(all.more, false);
  assert.deepEqual(names((await who({ prefix: 'be' })).members), ['bea', 'ben']);
  const some = await who({ limit: 1 });
  assert.equal(some.members.length, 1);
  assert.equal(some.more, true);
});

test('history goes back page by page, oldest first within a page', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const seqs = [];
  for (let n = 0; n < 30; n++) seqs.push((await ann.publish(`m${n}`)).seq);
  const found = [];
  let before = seqs[29];
  for (let more = true; more;) {
    const page = await ann.ask({ type: 'history', room: 'lobby', before, limit: 10 }, 'history');
    assert.ok(page.messages.length <= 10);
    found.unshift(...page.messages);
    ({ more } = page);
    assert.ok(!more || page.messages.length > 0, 'more means that there is progress');
    before = page.messages[0]?.seq;
  }
  assert.deepEqual(found.map((message) => message.seq), seqs.slice(0, 29));
  assert.equal(found[0].text, 'm0');
  assert.equal(found[0].nick, 'ann');
});

test('renaming is told to the room and to oneself', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const tcp = await s.tcp({ nick: 'tcp_listener' });
  const v1 = await s.v1({ nick: 'v1_listener' });
  const renamed = (event) => event.type === 'nick' && event.old === 'ann' && event.nick === 'bob';
  await ann.ask({ type: 'nick', nick: 'bob' }, renamed);
  await v1.next(renamed);
  await tcp.notice(/^\*\*\* ann is now bob$/);
  await ann.publish('as bob');
  assert.equal((await v1.hears('as bob')).nick, 'bob');
});

test('presence tells who came and went, with the count', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const tcp = await s.tcp({ nick: 'watcher' });
  const bob = await s.v1({ nick: 'bob' });
  const told = (side, nick) => (event) => event.type === 'presence' && names(event[side] ?? []).includes(nick);
  const came = await ann.next(told('joined', 'bob'));
  assert.equal(came.room, 'lobby');
  assert.equal(came.count, 3);
  await tcp.notice(/^\*\*\* bob joined$/);
  await bob.ask({ type: 'leave', room: 'lobby' }, 'left');
  assert.equal((await ann.next(told('left', 'bob'))).count, 2);
  await tcp.notice(/^\*\*\* bob left$/);
});
