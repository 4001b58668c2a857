// The rooms as this client knows them: what was said, in the order of its numbers, and who is there. Pure state: frames of the server go in,
// plain objects come out; nothing here knows a socket or a page.
//
// A room's `entries` are what a reader sees from top to bottom:
//   message   {seq, epoch, at, nick, via, text, action, id, mine}
//   gap       {seq, from, to}    numbers the server has no longer
//   epoch     {}                 below it the room's numbering began anew
//   presence  {joined, left}     who came and went, folded together
//   renamed   {old, nick}
//   note      {text}             for this reader alone
// Every entry has a `key` that is its own for good.

import { mentionsSelf } from './mentions.js';

const MOST_ENTRIES = 1_000;   // what a room is cut to, once its reader has seen the rest …
const MOST_HELD = 10_000;     // … or when nobody looks for long

function newRoom(name) {
  return {
    name, joined: false, refused: false, epoch: null, after: undefined, head: 0, readTo: Infinity, unread: 0, mentions: 0, more: true, loading: false,
    count: 0, members: null, entries: [], seqs: new Set(),
  };
}

export class Store {
  rooms = new Map();
  nick = '';
  current = null;
  #attentive = true;
  #keys = 0;

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
    this.current = name;
    if (this.#attentive) this.read(name);
  }

  /** Whether somebody looks at the page. While nobody does, what comes in the current room is unread as well. */
  attend(attentive) {
    this.#attentive = attentive;
    if (attentive) this.read(this.current);
  }

  read(name) {
    const room = this.rooms.get(name);
    if (room) Object.assign(room, { unread: 0, mentions: 0 });
  }

  /** Nothing is live any more; what is known stays. */
  disconnected() {
    for (const room of this.rooms.values()) Object.assign(room, { joined: false, loading: false });
  }

  /** True when the numbering is another one than before. */
  isNewEpoch({ room: name, epoch }) {
    const room = this.rooms.get(name);
    return Boolean(room?.epoch) && room.epoch !== epoch;
  }

  joined(frame) {
    const room = this.add(frame.room);
    if (this.isNewEpoch(frame)) {
      if (room.entries.some((entry) => entry.kind === 'message')) this.#push(room, { kind: 'epoch' });
      Object.assign(room, { after: undefined, readTo: 0, more: true });
      room.seqs.clear();
    } else if (room.after === undefined) {
      room.readTo = frame.head ?? 0;  // what was said before one came is not unread
    }
    Object.assign(room, { joined: true, refused: false, loading: false, epoch: frame.epoch, head: frame.head ?? 0 });
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
    if (!room || room.seqs.has(frame.seq)) return null;
    const entry = this.#insert(room, frame, mine);
    room.after = Math.max(room.after ?? 0, frame.seq);
    room.head = Math.max(room.head, frame.seq);
    if (room.entries.length > MOST_HELD) this.trim(room.name);
    if (!mine && !frame.own && frame.seq > room.readTo && !this.#isLookedAt(room)) this.#unread(room, entry);
    return entry;
  }

  /** Older messages, asked for. */
  history({ room: name, messages = [], more = false }) {
    const room = this.rooms.get(name);
    if (!room) return;
    room.loading = false;
    room.more = more;
    for (const frame of messages) if (!room.seqs.has(frame.seq)) this.#insert(room, frame, false);
  }

  /** An acknowledged message of our own that the stream will not bring. */
  settle(name, { id, seq, text, action, at }) {
    const room = this.rooms.get(name);
    if (!room || room.seqs.has(seq)) return;
    // Above the oldest message here it would stand alone over a hole; whoever scrolls back gets it in its place.
    const oldest = this.oldest(name);
    if (oldest !== null && seq < oldest) return;
    this.#insert(room, { seq, id, text, action, at: new Date(at).toISOString(), nick: this.nick, via: 'ws' }, true);
  }

  gap({ room: name, from, to }) {
    const room = this.rooms.get(name);
    if (!room) return;
    // A gap is told again when the connection is lost before anything after it was seen.
    const known = room.entries.find((entry) => entry.kind === 'gap' && entry.epoch === room.epoch && from <= entry.to && to >= entry.from);
    if (known) Object.assign(known, { from: Math.min(from, known.from), to: Math.max(to, known.to) });
    else this.#place(room, { kind: 'gap', epoch: room.epoch, seq: from, from, to });
  }

  presence({ room: name, count, joined, left }) {
    const room = this.rooms.get(name);
    if (!room) return;
    room.count = count ?? room.count;
    if (!joined && !left) {
      room.members = null;  // too many people for names
      return;
    }
    const came = (joined ?? []).map((member) => [nickOf(member), { via: member.via }]);
    const went = (left ?? []).map(nickOf);
    if (room.members) {
      for (const nick of went) room.members.delete(nick);
      for (const [nick, member] of came) room.members.set(nick, member);
    }
    this.#foldPresence(room, came.map(([nick]) => nick).filter((nick) => nick !== this.nick), went.filter((nick) => nick !== this.nick));
  }

  /** Nicks are unique among who is connected, so whoever had ours was us. */
  renamed({ room: name, old, nick }) {
    const ours = old === undefined || old === this.nick;
    if (ours) this.nick = nick;
    const room = this.rooms.get(name);
    if (room && old !== undefined && old !== nick) {
      if (room.members) room.members = new Map([...room.members].map(([key, member]) => [key === old ? nick : key, member]));
      this.#push(room, { kind: 'renamed', old, nick });
    }
    return ours;
  }

  note(name, text) {
    const room = this.rooms.get(name);
    if (room) this.#push(room, { kind: 'note', text });
  }

  /** Where older messages are to be asked for, or null when there are none above. */
  oldest(name) {
    const room = this.rooms.get(name);
    if (!room?.more) return null;
    const seqs = [...room.seqs];
    const first = seqs.length ? seqs.reduce((a, b) => Math.min(a, b)) : null;
    return first !== null && first > 1 ? first : null;
  }

  /** Keeps a long-open room small; what is cut off can be asked for again. */
  trim(name) {
    const room = this.rooms.get(name);
    if (!room || room.entries.length < MOST_ENTRIES * 1.25) return;
    for (const entry of room.entries.splice(0, room.entries.length - MOST_ENTRIES)) {
      if (entry.kind === 'message' && entry.epoch === room.epoch) room.seqs.delete(entry.seq);
    }
    room.more = true;
  }

  #isLookedAt(room) { return this.#attentive && room.name === this.current; }

  #unread(room, { text }) {
    room.unread += 1;
    if (mentionsSelf(text, this.nick)) room.mentions += 1;
  }

  #insert(room, { seq, at, nick, via, text, action, id }, mine) {
    room.seqs.add(seq);
    const entry = { kind: 'message', epoch: room.epoch, seq, at, nick, via, text, action: Boolean(action), id, mine };
    if (mine) entry.key = `out-${id}`;  // the key it had in the outbox: the reader sees one message change, not one go and one come
    return this.#place(room, entry);
  }

  // By number within the present numbering. Entries without a number stay where they were in time.
  #place(room, entry) {
    const { entries } = room;
    let at = entries.length;
    for (let i = entries.length; i > 0 && entries[i - 1].kind !== 'epoch'; i -= 1) {
      const { seq } = entries[i - 1];
      if (seq === undefined) continue;
      if (seq < entry.seq) break;
      at = i - 1;
    }
    return this.#push(room, entry, at);
  }

  #push(room, entry, at = room.entries.length) {
    entry.key ??= `e${this.#keys += 1}`;
    room.entries.splice(at, 0, entry);
    return entry;
  }

  #foldPresence(room, came, went) {
    if (!came.length && !went.length) return;
    const last = room.entries.at(-1);
    const entry = last?.kind === 'presence' ? last : this.#push(room, { kind: 'presence', joined: [], left: [] });
    for (const nick of went) {
      entry.joined = entry.joined.filter((other) => other !== nick);
      if (!entry.left.includes(nick)) entry.left.push(nick);
    }
    for (const nick of came) {
      entry.left = entry.left.filter((other) => other !== nick);
      if (!entry.joined.includes(nick)) entry.joined.push(nick);
    }
  }
}

function nickOf(member) {
  return typeof member === 'string' ? member : String(member?.nick ?? '');
}
