// The rooms as this client knows them: what was said, in the order of its numbers, who is there, and what is unread. Pure state: frames of the
// server go in, plain objects come out; nothing here knows a socket or a page.
//
// A room's `entries` are what a reader sees from top to bottom:
//   message   {seq, epoch, at, nick, via, text, action, id, mine}
//   gap       {seq, from, to}    numbers the server has no longer
//   epoch     {}                 below it the room's numbering began anew
//   presence  {people}           who came, went and got another name, folded together (comings.js)
//   note      {text}             for this reader alone
// Every entry has a `key` that is its own for good.

import * as comings from './comings.js';
import { mentionsSelf } from './mentions.js';
import { Timeline } from './timeline.js';

const MOST_ENTRIES = 1_000;    // what a room is cut to, once its reader has seen the rest …
const MOST_HELD = 10_000;      // … or, when it has more than this, while nobody looks at it
const MOST_READ = 100_000;     // what is left to somebody who looks, and has read back so far

function newRoom(name) {
  const timeline = new Timeline();
  return {
    name, timeline, joined: false, readTo: Infinity, more: true, loading: false,
    unread: 0, mentions: 0,     // of it: those that name this person
    line: null,                 // {epoch, seq}: what is above this number was unread when the room was looked at
    catchUp: null,              // {to, isFirst, line}: what comes up to this number was said while one was away
    count: 0, members: null,
    get entries() { return timeline.entries; },
    get epoch() { return timeline.epoch; },
  };
}

export class Store {
  rooms = new Map();
  nick = '';
  current = null;
  #attentive = true;
  #readTo;

  /** readTo(room): {epoch, seq}, what was read before this page, or null. */
  constructor(readTo = () => null) { this.#readTo = readTo; }

  /** The room by that name, made if need be. */
  add(name) {
    if (!this.rooms.has(name)) this.rooms.set(name, newRoom(name));
    return this.rooms.get(name);
  }

  remove(name) {
    this.rooms.delete(name);
    if (this.current === name) this.current = null;
  }

  show(name) {
    const before = this.rooms.get(this.current);
    if (before && name !== this.current) before.line = null;
    this.current = name;
    if (this.#attentive) this.read(name);
  }

  /** Whether somebody looks at the page. While nobody does, what comes in the current room is unread as well. */
  attend(attentive) {
    if (attentive === this.#attentive) return;
    this.#attentive = attentive;
    if (attentive) this.read(this.current);
  }

  /** upTo: {epoch, seq}, if it was read elsewhere: it may be on its way to here. */
  read(name, upTo) {
    const room = this.rooms.get(name);
    if (!room) return;
    Object.assign(room, { unread: 0, mentions: 0 });
    if (upTo && upTo.epoch === room.epoch) room.readTo = Math.max(room.readTo, upTo.seq);
  }

  /** {room: {epoch, seq}}: how far each was read. */
  get marks() {
    const known = [...this.rooms.values()].filter(({ timeline }) => timeline.highest > 0);
    return Object.fromEntries(known.map(({ name, epoch, timeline, unread, line }) => [name, unread ? line : { epoch, seq: timeline.highest }]));
  }

  /** Nothing is live any more; what is known stays. */
  disconnected() {
    for (const room of this.rooms.values()) Object.assign(room, { joined: false, loading: false });
  }

  joined(frame) {
    const room = this.add(frame.room);
    const { head = 0 } = frame;
    const isFirst = room.epoch === null;
    if (room.epoch !== frame.epoch) {
      Object.assign(room, { more: true, readTo: isFirst ? this.#readBefore(frame, head) : 0 });
      room.timeline.begin(frame.epoch);
    }
    room.catchUp = head > room.timeline.highest ? { to: head, isFirst, line: null } : null;
    Object.assign(room, { joined: true, loading: false });
    this.members(frame);
    return room;
  }

  /** The whole list of who is there, or only how many. */
  members({ room: name, count, members, more }) {
    const room = this.rooms.get(name);
    if (!room) return;
    room.count = count ?? members?.length ?? room.count;
    room.members = members && !more ? new Map(members.map((member) => [nickOf(member), { via: member.via }])) : null;
  }

  /** The new entry, or null when the message is known already. */
  message(frame, mine = false) {
    const room = this.rooms.get(frame.room);
    if (!room || room.timeline.has(frame.seq)) return null;
    const entry = room.timeline.place(this.#entry(room, frame, mine));
    const isNew = !mine && !frame.own && frame.seq > room.readTo;
    if (isNew && !this.#isLookedAt(room)) this.#unread(room, entry);
    this.#caughtUp(room, entry, isNew);
    this.#bound(room);
    return entry;
  }

  /** Older messages, asked for. */
  history({ room: name, messages = [], more = false }) {
    const room = this.rooms.get(name);
    if (!room) return;
    room.loading = false;
    room.more = more;
    room.timeline.placeAbove(messages.map((frame) => this.#entry(room, frame, false)));
  }

  /** An acknowledged message of our own that the stream will not bring. */
  settle(name, { id, seq, text, action, at }) {
    const room = this.rooms.get(name);
    if (!room || room.timeline.has(seq)) return;
    // Above the oldest message here it would stand alone over a hole; whoever scrolls back gets it in its place.
    const oldest = this.oldest(name);
    if (oldest !== null && seq < oldest) return;
    room.timeline.place(this.#entry(room, { seq, id, text, action, at: new Date(at).toISOString(), nick: this.nick, via: 'ws' }, true));
  }

  gap({ room: name, from, to }) {
    const room = this.rooms.get(name);
    if (!room) return;
    // A gap is told again when the connection is lost before anything after it was seen.
    const known = room.timeline.gapAt(from, to);
    if (known) Object.assign(known, { from: Math.min(from, known.from), to: Math.max(to, known.to) });
    else room.timeline.place({ kind: 'gap', epoch: room.epoch, seq: from, from, to });
  }

  presence({ room: name, count, joined, left }) {
    const room = this.rooms.get(name);
    if (!room) return;
    room.count = count ?? room.count;
    if (!joined && !left) {
      room.members = null;  // too many people for names
      return;
    }
    for (const nick of (left ?? []).map(nickOf)) {
      room.members?.delete(nick);
      if (nick !== this.nick) this.#fold(room, comings.left, nick);
    }
    for (const member of joined ?? []) {
      const nick = nickOf(member);
      room.members?.set(nick, { via: member.via });
      if (nick !== this.nick) this.#fold(room, comings.joined, nick);
    }
  }

  /** self: it is our name. */
  renamed({ room: name, old, nick, self }) {
    if (self) this.nick = nick;
    const room = this.rooms.get(name);
    if (room && old !== undefined && old !== nick) {
      if (room.members) room.members = new Map([...room.members].map(([key, member]) => [key === old ? nick : key, member]));
      this.#fold(room, comings.renamed, old, nick);
    }
  }

  note(name, text) { this.rooms.get(name)?.timeline.push({ kind: 'note', text }); }

  /** Where older messages are to be asked for, or null when there are none above, or no room for them here. */
  oldest(name) {
    const room = this.rooms.get(name);
    const lowest = room?.more && room.entries.length < MOST_READ ? room.timeline.lowest : null;
    return lowest !== null && lowest > 1 ? lowest : null;
  }

  /** Where the present numbering begins, and what is there: `older` messages, `loading` ones, the `beginning` of the room, the end of what is `kept`, or of what this page `holds`. */
  top(name) {
    const { timeline, loading, more, entries } = this.rooms.get(name);
    return { index: timeline.start, state: this.#topState(name, timeline, loading, more && entries.length >= MOST_READ) };
  }

  /** Keeps a long-open room small; what is cut off can be asked for again. */
  trim(name) {
    const room = this.rooms.get(name);
    if (!room || room.loading || room.entries.length < MOST_ENTRIES * 1.25) return;  // what is asked for is to stand above what is there
    this.#cut(room, room.entries.length - MOST_ENTRIES);
  }

  #topState(name, { start, epoch, lowest }, loading, full) {
    if (loading) return 'loading';
    if (this.oldest(name) !== null) return 'older';
    if (full && lowest > 1) return 'holds';
    if (epoch === null || start > 0) return null;
    return lowest === null || lowest === 1 ? 'beginning' : 'kept';
  }

  // Nobody reads so much that came by itself.
  #bound(room) {
    if (room.loading) return;
    const { length } = room.entries;
    if (!this.#isLookedAt(room)) {
      if (length > MOST_HELD) this.#cut(room, length - MOST_ENTRIES);
    } else if (length > MOST_READ * 1.1) this.#cut(room, length - MOST_READ);
  }

  #cut(room, count) {
    room.timeline.cut(count);
    room.more = true;
  }

  #isLookedAt(room) { return this.#attentive && room.name === this.current; }

  // What was said before one came for the first time is not unread.
  #readBefore({ room: name, epoch }, head) {
    const kept = this.#readTo(name);
    return kept && kept.epoch === epoch && kept.seq >= 0 ? Math.min(kept.seq, head) : head;
  }

  // Who looks at the room when the connection is back has not seen what was said meanwhile: the line tells where that begins, once all of it is there.
  #caughtUp(room, { seq, epoch }, isNew) {
    const { catchUp } = room;
    if (!catchUp) return;
    if (isNew && seq <= catchUp.to) catchUp.line ??= { epoch, seq: seq - 1 };
    if (seq < catchUp.to) return;
    if (catchUp.line && this.#isLookedAt(room)) room.line = catchUp.line;
    catchUp.line = null;
    if (seq > catchUp.to) room.catchUp = null;
  }

  // The line stays where it is when more comes, and until the room was looked at and left again.
  #unread(room, { seq, text, epoch }) {
    if (room.unread === 0) room.line = { epoch, seq: seq - 1 };
    room.unread += 1;
    if (mentionsSelf(text, this.nick)) room.mentions += 1;
  }

  #entry(room, { seq, at, nick, via, text, action, id }, mine) {
    const entry = { kind: 'message', epoch: room.epoch, seq, at, nick, via, text, action: Boolean(action), id, mine };
    if (mine) entry.key = `out-${id}`;  // the key it had in the outbox: the reader sees one message change, not one go and one come
    return entry;
  }

  #fold(room, happened, ...nicks) {
    const { entries, timeline } = room;
    const last = entries.at(-1);
    const entry = last?.kind === 'presence' && !comings.isFull(last) ? last : timeline.push(comings.comings());
    happened(entry, ...nicks);
    if (entry.people.length === 0) entries.pop();
  }
}

function nickOf(member) {
  return typeof member === 'string' ? member : String(member?.nick ?? '');
}
