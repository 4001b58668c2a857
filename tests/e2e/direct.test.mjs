// What is said to one person alone, and who is told that somebody types.
import assert from 'node:assert/strict';
import test from 'node:test';
import { DEADLINE_MS, SLOW } from '../support/wait.mjs';
import { scene } from '../support/scene.mjs';

const RAW = ['tcp', 'udp', 'ws-text'];
const KINDS = [...RAW, 'ws-v1'];
const VIA = { tcp: 'tcp', udp: 'udp', 'ws-text': 'ws', 'ws-v1': 'ws' };
const WAITING_MAX = 100;  // for somebody who may come back, and unread by one who does not read
const MB = 1e6;

const isDirect = (event) => event.type === 'direct';
const nameOf = (role, kind) => `${role}_${kind.replace('-', '_')}`;
const sleeping = ['--set', 'session.grace=1h'];

// Clients of every kind in the lobby, by kind.
async function oneOfEach(s, role) {
  const clients = {};
  for (const kind of KINDS) clients[kind] = await s.client(kind, { nick: nameOf(role, kind) });
  return clients;
}

// Every direct message is a line of its own for a raw client, an object for a v1 client; as texts, in order.
function directs(client) {
  if (client.kind === 'ws-v1') return client.events.filter(isDirect).map(({ text }) => text);
  return client.lines.filter((line) => / to you: /.test(line)).map((line) => line.replace(/^\*\*\* \S+ to you: /, ''));
}

// Sends it; v1 waits for the answer and gives it, a raw client has none to wait for.
let ids = 0;
async function tell(client, nick, text) {
  if (client.kind !== 'ws-v1') return client.say(`/msg ${nick} ${text}`);
  const id = `direct-${++ids}`;
  return client.ask({ type: 'direct', nick, text, id }, (event) => event.id === id);
}

async function told(client, text) {
  await client.until(() => directs(client).includes(text), `the direct message ${text}`);
}

// What a raw client is answered, or the code of a v1 client's error.
async function refusal(client, nick, text) {
  if (client.kind === 'ws-v1') return (await tell(client, nick, text)).code;
  client.skip();
  await tell(client, nick, text);
  return client.notice();
}

// All have everything that was under way for them: a message of the room came after it.
let marks = 0;
async function everybodyHears(speaker, clients) {
  const mark = `=mark ${++marks}=`;
  await speaker.publish(mark);
  for (const client of clients) await client.hears(mark);
}

// Loses its connection; returns when the server has seen it. Presence would not do: who came just before is not told.
async function loses(client, observer) {
  await client.close();
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const { members } = await observer.ask({ type: 'who', room: 'lobby' }, 'members');
    if (!members.some(({ nick }) => nick === client.nick)) return;
    assert.ok(Date.now() < deadline, `${client.nick} is still there`);
  }
}

test('from every kind of client to every other, and to nobody else', async (t) => {
  const s = await scene(t);
  const senders = await oneOfEach(s, 'from');
  const receivers = await oneOfEach(s, 'to');
  const witnesses = await oneOfEach(s, 'witness');
  const elsewhere = await s.v1({ nick: 'elsewhere', room: 'den' });
  const all = [senders, receivers, witnesses].flatMap((each) => Object.values(each));
  for (const client of all) client.skip();
  for (const [from, sender] of Object.entries(senders)) {
    for (const [to, receiver] of Object.entries(receivers)) {
      const text = `psst ${from} ${to}`;
      const ack = await tell(sender, receiver.nick, text);
      if (from === 'ws-v1') assert.deepEqual(ack, { type: 'ack', id: ack.id }, 'neither room nor seq');
      await told(receiver, text);
      if (to === 'ws-v1') {
        const event = receiver.events.find((each) => isDirect(each) && each.text === text);
        assert.match(event.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        assert.ok(Math.abs(Date.parse(event.at) - Date.now()) < 60_000);
        const id = from === 'ws-v1' ? { id: ack.id } : {};
        assert.deepEqual(event, { type: 'direct', nick: sender.nick, to: receiver.nick, at: event.at, via: VIA[from], text, ...id });
      } else {
        assert.equal(await receiver.next('psst'), `*** ${sender.nick} to you: ${text}`);
      }
    }
  }
  await everybodyHears(witnesses['ws-v1'], all.filter((each) => each !== witnesses['ws-v1']));
  for (const receiver of Object.values(receivers)) {
    assert.deepEqual(directs(receiver), KINDS.map((from) => `psst ${from} ${receiver.kind}`), `${receiver.kind}: in order, each once`);
  }
  await elsewhere.roundTrip();
  const others = [...Object.values(senders), ...Object.values(witnesses), elsewhere];
  for (const each of others) assert.ok(!each.inbox.items.some((item) => JSON.stringify(item).includes('psst')), `${each.inbox.owner} got some`);
  assert.ok(!s.daemon.log().includes('psst'), 'nor logged');
});

test('room does not matter, and a nick is found in any spelling', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann', room: 'den' });
  const tcp = await s.tcp({ nick: 'Straße' });
  const guest = await s.udp();
  for (const [client, spellings] of [[tcp, ['Straße', 'STRASSE', 'strasse']], [guest, [guest.nick, guest.nick.toUpperCase()]]]) {
    for (const nick of spellings) {
      const text = `to ${nick}`;
      const ack = await tell(ann, nick, text);
      assert.equal(ack.type, 'ack', nick);
      await told(client, text);
    }
  }
  const bob = await s.v1({ nick: 'Bob', room: null });
  await tell(tcp, 'ＢＯＢ', 'to somebody in no room');
  await told(bob, 'to somebody in no room');
  assert.equal(bob.events.find(isDirect).to, 'Bob', 'as they spell it');
  await tell(bob, 'strasse', 'and back');
  await told(tcp, 'and back');
});

test('nobody of that name: its sender is told, and goes on', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const senders = await oneOfEach(s, 'from');
  const bob = await s.tcp({ nick: 'bob' });
  const guest = await s.v1();
  const old = guest.nick;
  await guest.ask({ type: 'nick', nick: 'carl' }, 'nick');
  await bob.rename('rob');
  for (const sender of Object.values(senders)) {
    for (const nick of ['nobody', 'bob', old, 'guest-999999']) {
      const answer = await refusal(sender, nick, 'psst');
      if (sender.kind === 'ws-v1') assert.equal(answer, 'no_such_nick');
      assert.ok(!/unknown|no such command/i.test(answer), answer);
    }
    await tell(sender, 'rob', `now rob, ${sender.kind}`);
    await told(bob, `now rob, ${sender.kind}`);
  }
  await bob.say('/quit');
  await bob.whenClosed();
  assert.equal(await refusal(senders['ws-v1'], 'rob', 'psst'), 'no_such_nick', 'after a goodbye at once');
  const error = await senders['ws-v1'].refused({ type: 'direct', nick: 'nobody', text: 'x' });
  assert.deepEqual([error.code, error.id, error.room], ['no_such_nick', undefined, undefined], 'without an id too');
  await senders.tcp.say('=end=');
  await listener.hears('=end=');
  assert.deepEqual(listener.texts(), ['=end=']);
});

test('without an id there is no ack', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const bob = await s.v1({ nick: 'bob' });
  await ann.send({ type: 'direct', nick: 'bob', text: 'psst' });
  await told(bob, 'psst');
  await ann.roundTrip();
  assert.ok(!ann.events.some(({ type }) => type === 'ack' || type === 'error'));
  assert.ok(!('id' in bob.events.find(isDirect)));
});

test('all connections of a session get it, and the other ones of its sender, not the one it came from', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const twin = await s.v1({ session: ann.session, room: null });
  const bob = await s.v1({ nick: 'bob' });
  const bobs = [bob, await s.v1({ session: bob.session }), await s.v1({ session: bob.session, room: null })];
  const ack = await tell(ann, 'bob', 'psst');
  assert.equal(ack.type, 'ack');
  for (const each of [...bobs, twin]) {
    await told(each, 'psst');
    await each.roundTrip();
    const { at, ...event } = each.events.find(isDirect);
    assert.ok(at);
    assert.deepEqual(event, { type: 'direct', nick: 'ann', to: 'bob', via: 'ws', text: 'psst', id: ack.id });
    assert.deepEqual(directs(each), ['psst'], 'once');
  }
  await ann.roundTrip();
  assert.deepEqual(directs(ann), []);
  await bob.leave();
  await tell(ann, 'bob', 'to those who are left');
  for (const each of bobs.slice(1)) await told(each, 'to those who are left');
  assert.equal((await tell(ann, 'ann', 'note to myself')).type, 'ack');
  await told(twin, 'note to myself');
  await twin.roundTrip();
  assert.equal(directs(twin).filter((text) => text === 'note to myself').length, 1);
});

test('it is in no history, and not there again after a reconnect', async (t) => {
  const s = await scene(t, { args: sleeping });
  const ann = await s.v1({ nick: 'ann' });
  const bob = await s.v1({ nick: 'bob' });
  const tcp = await s.tcp({ nick: 'tcp' });
  await tell(ann, 'bob', 'psst v1');
  await tell(ann, 'tcp', 'psst raw');
  await told(bob, 'psst v1');
  await told(tcp, 'psst raw');
  const said = await ann.publish('in the room');
  const page = await ann.ask({ type: 'history', room: 'lobby', limit: 100 }, 'history');
  assert.deepEqual(page.messages.map(({ text }) => text), ['in the room']);
  await tcp.say('/history');
  await tcp.next(/^\[\d\d:\d\d\] ann: in the room$/);
  assert.equal(tcp.lines.filter((line) => line.includes('psst')).length, 1);
  await loses(bob, ann);
  for (let n = 0; n < 2; n++) {
    const back = await s.v1({ session: bob.session, after: 0 });
    assert.equal(back.nick, 'bob');
    await back.hears('in the room');
    await back.roundTrip();
    assert.deepEqual(directs(back), []);
    assert.deepEqual(back.messages().map(({ seq }) => seq), [said.seq]);
    await loses(back, ann);
  }
});

test('up to 100 wait for a lost session and are there when it comes back, once and in order', async (t) => {
  const s = await scene(t, { args: sleeping });
  const senders = await oneOfEach(s, 'from');
  const ann = senders['ws-v1'];
  const bob = await s.v1({ nick: 'bob' });
  await loses(bob, ann);
  const texts = [];
  const senderOf = (n) => senders[KINDS[n % KINDS.length]];
  for (let n = 0; n < WAITING_MAX; n++) {
    texts.push(`wait ${n}`);
    await tell(senderOf(n), 'bob', texts.at(-1));
    // One after the other, whatever way they take.
    if (senderOf(n).kind !== 'ws-v1') {
      senderOf(n).skip();
      await senderOf(n).say('/who');
      await senderOf(n).notice(/ in lobby: /);
    }
  }
  for (const sender of Object.values(senders)) {
    const answer = await refusal(sender, 'bob', 'one too many');
    if (sender.kind === 'ws-v1') assert.equal(answer, 'too_many');
    assert.match(answer, /100|too_many/);
  }
  const back = await s.v1({ session: bob.session });
  await told(back, texts.at(-1));
  assert.deepEqual(directs(back), texts);
  assert.ok(back.events.findIndex(isDirect) > back.events.findIndex(({ type }) => type === 'welcome'), 'after the welcome');
  assert.equal((await tell(ann, 'bob', 'live')).type, 'ack');
  await told(back, 'live');
  await loses(back, ann);
  const again = await s.v1({ session: bob.session });
  await tell(ann, 'bob', 'once more');
  await told(again, 'once more');
  assert.deepEqual(directs(again), ['once more']);
});

test('nothing waits for who said goodbye, nor after session.grace', async (t) => {
  const s = await scene(t, { args: ['--set', 'session.grace=200ms'] });
  const ann = await s.v1({ nick: 'ann' });
  const bob = await s.v1({ nick: 'bob' });
  await bob.leave();
  assert.equal((await tell(ann, 'bob', 'psst')).code, 'no_such_nick');
  const carl = await s.v1({ nick: 'carl' });
  await loses(carl, ann);
  const deadline = Date.now() + DEADLINE_MS;
  let answer;
  do {
    answer = await tell(ann, 'carl', 'psst');
    assert.ok(answer.type === 'ack' || ['no_such_nick', 'too_many'].includes(answer.code), answer.code);
  } while (answer.code !== 'no_such_nick' && Date.now() < deadline);
  assert.equal(answer.code, 'no_such_nick', 'the grace ends');
  const back = await s.v1({ session: carl.session });
  await tell(ann, 'carl', 'live');
  await told(back, 'live');
  assert.deepEqual(directs(back), ['live'], 'what waited is gone with the grace');
});

test('further lines get the name again, controls are harmless, nobody forges a line', async (t) => {
  const s = await scene(t);
  const receivers = await oneOfEach(s, 'to');
  const ann = await s.v1({ nick: 'ann' });
  const tcp = await s.tcp({ nick: 'tcp' });
  const udp = await s.udp({ nick: 'udp' });
  for (const receiver of Object.values(receivers)) {
    receiver.skip();
    await tell(ann, receiver.nick, 'one\n*** eve to you: two\r\nthr\x1b[2Jee\t.');
    await udp.say(`/msg ${receiver.nick} four\nfive`);
    await receiver.until(() => JSON.stringify(receiver.inbox.items).includes('five'), 'the last line');
    if (receiver.kind === 'ws-v1') {
      assert.deepEqual(directs(receiver), ['one\n*** eve to you: two\nthr\ufffd[2Jee\t.', 'four\nfive']);
      continue;
    }
    const lines = ['*** ann to you: one', '*** ann to you: *** eve to you: two', '*** ann to you: thr\ufffd[2Jee\ufffd.',
      '*** udp to you: four', '*** udp to you: five'];
    assert.deepEqual(receiver.lines.filter((line) => line.includes(' to you: ')), lines, receiver.kind);
  }
  const datagrams = receivers.udp.datagrams.map(({ text }) => text).filter((text) => text.includes(' to you: '));
  assert.equal(datagrams.length, 2, 'one message is one datagram');
  await tell(tcp, receivers.tcp.nick, '  blanks round it  ');
  await told(receivers.tcp, 'blanks round it');
});

test('what is not sent is answered, and reaches nobody', async (t) => {
  const s = await scene(t);
  const senders = await oneOfEach(s, 'from');
  const bob = await s.v1({ nick: 'bob' });
  const tcp = await s.tcp({ nick: 'tcp' });
  for (const kind of RAW) {
    const sender = senders[kind];
    for (const line of ['/msg', '/msg bob', '/msg bob  ', '/msg bob /resume SECRET', '/msg bob  /LOGIN SECRET', '/msg tcp /login',
      '/MSG bob psst', `/msg bob ${'x'.repeat(4097)}`, `/msg ${'n'.repeat(3000)} psst`]) {
      sender.skip();
      await sender.say(line);
      assert.match(await sender.notice(), /^\*\*\* \S/, line.slice(0, 40));
    }
  }
  const v1 = senders['ws-v1'];
  const direct = { type: 'direct', nick: 'bob', text: 'psst', id: 'd' };
  const cases = [
    [{ ...direct, text: '/resume SECRET' }, 'bad_request'], [{ ...direct, text: 'hi\n  /login SECRET' }, 'bad_request'],
    [{ ...direct, text: 'x'.repeat(4097) }, 'too_long'], [{ ...direct, text: 'x\n'.repeat(101) }, 'too_long'],
    [{ ...direct, text: undefined }, 'bad_request'], [{ ...direct, text: 5 }, 'bad_request'],
    [{ ...direct, text: '' }, /^(bad_request|too_long)$/],
    [{ ...direct, nick: undefined }, 'bad_request'], [{ ...direct, nick: ['bob'] }, 'bad_request'],
    [{ ...direct, id: 'i'.repeat(129) }, 'bad_request'],
    ...['', 'b b', 'bob ', '***', 'b'.repeat(33), 'b'.repeat(10_000), 'b\0b', '\u200b'].map(
      (nick) => [{ ...direct, nick }, /^(bad_nick|no_such_nick)$/]),
  ];
  for (const [bad, code] of cases) {
    const error = await v1.refused(bad);
    assert.match(error.code, new RegExp(code), JSON.stringify(bad).slice(0, 80));
    assert.ok(error.message.length > 0);
    if (bad.id === 'd') assert.equal(error.id, 'd', JSON.stringify(bad).slice(0, 80));
    assert.ok(!('room' in error));
  }
  const early = await s.v1Socket().open();
  assert.equal((await early.refused(direct)).code, 'bad_request', 'before hello');
  assert.equal((await tell(v1, 'bob', 'ä'.repeat(2048))).type, 'ack', 'as long as may be');
  await told(bob, 'ä'.repeat(2048));
  await tell(v1, 'tcp', 'end');
  await told(tcp, 'end');
  assert.deepEqual(directs(bob), ['ä'.repeat(2048)]);
  assert.deepEqual(directs(tcp), ['end']);
  assert.deepEqual([...bob.texts(), ...tcp.texts()], []);
  assert.ok(!s.daemon.log().includes('SECRET'));
});

// Puts its reading off and on, as a stopped process does.
const SOCKET = { tcp: (client) => client.socket, 'ws-text': (client) => client.ws, 'ws-v1': (client) => client.ws };

for (const kind of Object.keys(SOCKET)) {
  test(`${kind}: one who does not read costs little memory, and those who write are told`, async (t) => {
    // Under AddressSanitizer what is freed stays in memory for a while: less of it, as memory is what is looked at.
    const s = await scene(t, { env: { ASAN_OPTIONS: 'quarantine_size_mb=4' } });
    const ann = await s.v1({ nick: 'ann' });
    const carl = await s.udp({ nick: 'carl' });
    const bob = await s.client(kind, { nick: 'bob' });
    const text = (n) => `=${n}= `.padEnd(4000, 'x');
    // Ten in a frame; gives who of them was queued.
    let sent = 0;
    const ten = async () => {
      const from = ann.events.length;
      const batch = Array.from({ length: 10 }, () => ({ type: 'direct', nick: 'bob', text: text(++sent), id: `=${sent}=` }));
      await ann.send(...batch);
      const last = await ann.answerFrom(from, (event) => event.id === batch.at(-1).id);
      const answers = ann.events.slice(from).filter((event) => event.id);
      assert.equal(answers.length, 10);
      for (const each of answers) assert.ok(each.type === 'ack' || each.code === 'overloaded', JSON.stringify(each));
      return last.type === 'ack';
    };
    assert.ok(await ten());
    SOCKET[kind](bob).pause();
    while (await ten()) assert.ok(sent < 20_000, 'it never ends');
    const [rss, full] = [s.daemon.rss(), sent];
    for (let n = 0; n < 200; n++) await ten();
    const growth = s.daemon.rss() - rss;
    t.diagnostic(`full after ${full}; ${sent - full} more cost ${(growth / MB).toFixed(1)} MB`);
    assert.ok(growth < 4 * MB * SLOW, `${growth} bytes for what was refused`);
    await tell(ann, 'carl', 'you still hear me');
    await told(carl, 'you still hear me');
    assert.match(await refusal(carl, 'bob', 'psst'), /bob/, 'a raw sender is told as well');

    SOCKET[kind](bob).resume();
    const queued = ann.events.filter((event) => event.type === 'ack' && event.id.startsWith('=')).map(({ id }) => id);
    await bob.until(() => directs(bob).length >= queued.length, 'all that was queued');
    assert.deepEqual(directs(bob).map((each) => each.slice(0, each.indexOf(' '))), queued, 'once, in order, and nothing else');
    await tell(ann, 'bob', 'awake again');
    await told(bob, 'awake again');
  });
}

// ---- typing

const isTyping = (event) => event.type === 'typing';

test('who types is told to the v1 clients of the room, not to raw ones, nor to itself', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const bob = await s.v1({ nick: 'bob' });
  const elsewhere = await s.v1({ nick: 'elsewhere', room: 'den' });
  const raw = [];
  for (const kind of RAW) raw.push(await s.client(kind, { nick: nameOf('raw', kind) }));
  await everybodyHears(bob, [ann, ...raw]);
  const before = raw.map(({ lines }) => lines.length);
  await ann.send({ type: 'typing', room: 'lobby' });
  assert.deepEqual(await bob.next(isTyping), { type: 'typing', room: 'lobby', nick: 'ann' });
  await everybodyHears(bob, [ann, ...raw]);
  await elsewhere.roundTrip();
  for (const each of [ann, elsewhere]) assert.deepEqual(each.events.filter(isTyping), []);
  for (const [n, each] of raw.entries()) assert.deepEqual(each.lines.slice(before[n]), [`bob: =mark ${marks}=`]);
  assert.ok(!ann.events.some(({ type }) => type === 'error' || type === 'ack'));
  const page = await ann.ask({ type: 'history', room: 'lobby', limit: 100 }, 'history');
  assert.equal(page.messages.length, 2, 'no history of it');
});

test('who types has come before, and has its name of now', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const ann = await s.v1Socket().open();
  await ann.send({ type: 'hello', nick: 'ann' }, { type: 'join', room: 'lobby' }, { type: 'nick', nick: 'anna' }, { type: 'typing', room: 'lobby' });
  await bob.next((event) => isTyping(event) && event.nick === 'anna');
  const told = bob.events.filter((event) => JSON.stringify(event).includes('"ann')).map(({ type }) => type);
  assert.deepEqual(told, ['presence', 'nick', 'typing']);
});

test('more than one a second are forgotten, for each room by itself', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const bob = await s.v1({ nick: 'bob' });
  const den = await s.v1({ nick: 'den', room: 'den' });
  await ann.join('den');
  const times = [];
  const type = (...rooms) => ann.send(...rooms.map((room) => ({ type: 'typing', room })));
  const heard = (client) => client.events.filter(isTyping).length;
  const start = performance.now();
  await type(...Array.from({ length: 50 }, () => 'lobby'), 'den');
  await bob.next(isTyping);
  times.push(performance.now());
  await den.next(isTyping);
  // Asks again all the time; what counts is when it is told.
  while (times.length < 2) {
    await type('lobby', 'lobby');
    await ann.roundTrip();
    await bob.roundTrip();
    if (heard(bob) > 1) times.push(performance.now());
    assert.ok(performance.now() - start < DEADLINE_MS, 'a second one is told after a second');
  }
  assert.ok(times[1] - start >= 950, `the second came after ${times[1] - start} ms`);
  assert.equal(heard(bob), 2);
  assert.ok(!ann.events.some(({ type: each }) => each === 'error'), 'in silence');
});

test('typing where one is not is refused', async (t) => {
  const s = await scene(t);
  await s.v1({ nick: 'bob', room: 'den' });
  const ann = await s.v1({ nick: 'ann' });
  const error = await ann.refused({ type: 'typing', room: 'den' });
  assert.deepEqual([error.code, error.room], ['not_joined', 'den']);
  assert.equal((await ann.refused({ type: 'typing' })).code, 'bad_request');
  assert.equal((await ann.refused({ type: 'typing', room: 5 })).code, 'bad_request');
  assert.match((await ann.refused({ type: 'typing', room: 'NO GOOD' })).code, /^(not_joined|bad_room)$/);
  await ann.ask({ type: 'leave', room: 'lobby' }, 'left');
  assert.equal((await ann.refused({ type: 'typing', room: 'lobby' })).code, 'not_joined');
});
