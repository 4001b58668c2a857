// Who comes and goes is told by name in a small room (presence.max), and only counted in a large one.
import assert from 'node:assert/strict';
import test from 'node:test';
import { scene } from '../support/scene.mjs';

const MAX = 5;  // so names are told again with 4, 80 % of it
const RAW = ['tcp', 'udp', 'ws-text'];
const small = { args: ['--set', `presence.max=${MAX}`] };

const isPresence = (event) => event.type === 'presence';
const PRESENCE_LINE = /^\*\*\* \S+ (joined|left|is now \S+)$/;
const presenceLines = (raw) => raw.lines.filter((line) => PRESENCE_LINE.test(line));
const names = (members) => members.map(({ nick }) => nick).sort();

// A room with a raw client and a v1 client that look on, and whoever comes by name after them.
class Room {
  constructor(s, watcher, raw) {
    Object.assign(this, { s, watcher, raw, people: new Map(), marks: 0 });
  }

  static async open(t, kind = 'tcp', options = small) {
    const s = await scene(t, options);
    const raw = await s.client(kind, { nick: 'raw' });
    const watcher = await s.v1({ nick: 'watcher' });
    await raw.notice(/^\*\*\* watcher joined$/);
    const room = new Room(s, watcher, raw);
    await room.nextPresence();
    return room;
  }

  nextPresence() { return this.watcher.next(isPresence, 'presence'); }

  // What is told of it.
  async comes(nick, kind = 'ws-v1') {
    this.people.set(nick, await this.s.client(kind, kind === 'ws-v1' ? { nick } : {}));
    return this.nextPresence();
  }

  // All of them at about the same time.
  async fill(...nicks) {
    const count = 2 + nicks.length;
    await Promise.all(nicks.map(async (nick) => this.people.set(nick, await this.s.v1({ nick }))));
    while ((await this.nextPresence()).count < count);
  }

  async goes(nick) {
    const person = this.people.get(nick);
    this.people.delete(nick);
    await (person.leave?.() ?? person.close());
    return this.nextPresence();
  }

  // All that there was for the onlookers has reached them.
  async settle() {
    const mark = `=mark ${++this.marks}=`;
    await this.watcher.publish(mark);
    await this.raw.hears(mark);
    await this.watcher.roundTrip();
  }
}

const counted = (count) => ({ type: 'presence', room: 'lobby', count });
const member = (nick, via = 'ws') => ({ nick, via });
const come = (count, ...joined) => ({ ...counted(count), joined, left: [] });
const go = (count, ...left) => ({ ...counted(count), joined: [], left });

for (const kind of RAW) {
  test(`seen by ${kind} and v1: names up to presence.max, counts above it, names again from 80 % of it on`, async (t) => {
    const room = await Room.open(t, kind);
    assert.deepEqual(await room.comes('c'), come(3, member('c')));
    assert.deepEqual(await room.goes('c'), go(2, member('c')));
    assert.deepEqual(await room.comes('c'), come(3, member('c')));
    assert.deepEqual(await room.comes('d'), come(4, member('d')));
    assert.deepEqual(await room.comes('e'), come(5, member('e')), 'as many as may be');
    await room.people.get('e').ask({ type: 'nick', nick: 'eve' }, 'nick');
    await room.watcher.next((event) => event.type === 'nick' && event.old === 'e' && event.nick === 'eve');
    await room.settle();
    const told = ['*** watcher joined', '*** c joined', '*** c left', '*** c joined', '*** d joined', '*** e joined', '*** e is now eve'];
    assert.deepEqual(presenceLines(room.raw), told);

    assert.deepEqual(await room.comes('f'), counted(6), 'neither joined nor left');
    const { joined } = room.people.get('f');
    assert.equal(joined.count, 6);
    assert.equal(joined.members, undefined, 'no names in a large room, unless asked for');
    assert.deepEqual(await room.comes('g'), counted(7));
    assert.deepEqual(await room.goes('g'), counted(6));
    await room.people.get('f').ask({ type: 'nick', nick: 'fay' }, (event) => event.type === 'nick' && !event.room);
    assert.deepEqual(await room.goes('f'), counted(5), 'still above 80 %');
    await room.settle();
    assert.deepEqual(presenceLines(room.raw), told, 'silence');
    assert.ok(!room.watcher.events.some(({ type, nick }) => type === 'nick' && nick === 'fay'));

    const again = await room.goes('d');
    assert.equal(again.count, 4);
    assert.deepEqual(names(again.joined), ['c', 'eve', 'raw', 'watcher'], 'the whole list');
    assert.deepEqual(await room.comes('h'), come(5, member('h')), 'and names from now on');
    await room.settle();
    assert.deepEqual(presenceLines(room.raw).filter((line) => line !== '*** d left'), [...told, '*** h joined']);
    assert.ok(!presenceLines(room.raw).some((line) => /\b(f|g|fay)\b/.test(line)));
  });
}

test('raw people count and are named like any other', async (t) => {
  const room = await Room.open(t);
  let count = 2;
  for (const kind of RAW) {
    const told = await room.comes(kind, kind);
    const nick = room.people.get(kind).nick;
    assert.deepEqual(told, come(++count, member(nick, { tcp: 'tcp', udp: 'udp', 'ws-text': 'ws' }[kind])));
    await room.raw.notice(new RegExp(`^\\*\\*\\* ${nick} joined$`));
  }
  assert.deepEqual(await room.comes('sixth', 'tcp'), counted(6));
  await room.people.get('udp').say('/quit');
  assert.deepEqual(await room.nextPresence(), counted(5));
});

test('connections of one session are one person', async (t) => {
  const room = await Room.open(t);
  await room.fill('c', 'd', 'e');
  const twins = [];
  for (let n = 0; n < 5; n++) twins.push(await room.s.v1({ session: room.people.get('c').session }));
  await twins[0].leave();
  for (const twin of twins) if (twin !== twins[0]) assert.equal(twin.joined.count, 5);
  assert.equal(twins[1].joined.members.length, 5);
  assert.deepEqual(await room.goes('e'), go(4, member('e')), 'nothing was told of them');
});

test('more at once than presence.max are counted, not named', async (t) => {
  const room = await Room.open(t);
  const crowd = await Promise.all(Array.from({ length: MAX + 2 }, async () => room.s.v1Socket().open()));
  await Promise.all(crowd.map((each, n) => each.send({ type: 'hello', nick: `crowd_${n}` }, { type: 'join', room: 'lobby' })));
  let presence;
  do presence = await room.nextPresence(); while (presence.count < MAX + 4);
  assert.deepEqual(presence, counted(MAX + 4));
  const named = presenceLines(room.raw).filter((line) => line.includes('crowd'));
  assert.ok(named.length <= MAX - 2, named.join('\n'));
});

test('above presence.max nobody is told who types', async (t) => {
  const room = await Room.open(t);
  await room.fill('c', 'd', 'e', 'f');
  for (const nick of ['c', 'f']) await room.people.get(nick).send({ type: 'typing', room: 'lobby' });
  for (const nick of ['c', 'f']) await room.people.get(nick).roundTrip();
  await room.settle();
  assert.ok(!room.watcher.events.some(({ type }) => type === 'typing'));
  await room.goes('f');
  await room.goes('e');
  await room.people.get('d').send({ type: 'typing', room: 'lobby' });
  await room.watcher.next((event) => event.type === 'typing' && event.nick === 'd');
});

test('rooms are small and large by themselves', async (t) => {
  const room = await Room.open(t);
  await room.fill('c', 'd', 'e', 'f');
  const den = await room.s.v1({ nick: 'den', room: 'den' });
  await room.people.get('f').join('den');
  const told = await den.next((event) => isPresence(event) && (event.joined ?? []).some(({ nick }) => nick === 'f'));
  assert.equal(told.count, 2);
  assert.deepEqual(await room.comes('g'), counted(7));
});

test('/who counts everybody, whatever is told', async (t) => {
  const room = await Room.open(t);
  await room.fill('c', 'd', 'e', 'f');
  await room.raw.say('/who');
  await room.raw.notice(/^\*\*\* 6 in lobby: c \(ws\), d \(ws\), e \(ws\), f \(ws\), raw \(tcp\), watcher \(ws\)$/);
  const who = await room.watcher.ask({ type: 'who', room: 'lobby' }, 'members');
  assert.deepEqual(names(who.members), ['c', 'd', 'e', 'f', 'raw', 'watcher']);
});

test('presence.max=0: nobody is ever named', async (t) => {
  const s = await scene(t, { args: ['--set', 'presence.max=0'] });
  const watcher = await s.v1({ nick: 'watcher' });
  assert.deepEqual(await watcher.next(isPresence), counted(1));
  const raw = await s.tcp({ nick: 'raw' });
  assert.deepEqual(await watcher.next(isPresence), counted(2));
  await s.v1({ nick: 'c' });
  assert.deepEqual(await watcher.next(isPresence), counted(3));
  await watcher.publish('=end=');
  await raw.hears('=end=');
  assert.deepEqual(presenceLines(raw), []);
});
