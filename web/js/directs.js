// Conversations with one person each, as this client knows them. The server keeps none of it: what is here is all there is. Pure state, like
// the store: frames go in, plain objects come out.
//
// A conversation's `entries`, from top to bottom:
//   message   {nick, via, at, text, id, mine, own}   own: said by this person; mine: over this very connection
//   renamed   {old, nick}
//   gone      {nick}                                 nobody of that name was there
//   note      {text}                                 for this reader alone

import { fold } from './names.js';

const MOST_CONVERSATIONS = 200;   // anybody can begin one
const MOST_ENTRIES = 500;         // each
const KEPT_ENTRIES = 100;         // past a reload, each …
const KEPT_UNITS = 500_000;       // … and of all together, as they are written down

/** The same for what is one message, wherever one heard of it; an id is its sender's, and two may give the same one. */
export const identity = ({ nick, at, text, id }) => JSON.stringify(id === undefined ? [nick, at, text] : [id, text]);

/** Names a conversation. No room has such a name. */
export const keyOf = (nick) => `@${fold(nick)}`;

/**
 * Conversation: {key, nick, via, gone, unread, line, open, entries}; via: over what they were last heard; gone: the last that was heard of them is
 * that they are not there; line: {key} of the first entry that was unread when it was looked at. Closed ones are only out of sight.
 */
export class Directs {
  conversations = new Map();   // in the order in which they began
  current = null;
  #attentive = true;
  #self = '';
  #past = new Set();           // our names before
  #keys = 0;
  #turns = 0;

  /** kept: what save() gave. */
  constructor(kept = []) { this.adopt(kept); }

  /** Conversations of an earlier page, or of another tab of ours: what is not here yet. */
  adopt(kept) {
    for (const { nick, via, unread, open, entries } of Array.isArray(kept) ? kept.filter(Boolean) : []) {
      if (typeof nick !== 'string' || !Array.isArray(entries)) continue;
      const known = this.conversations.get(keyOf(nick));
      const conversation = known ?? Object.assign(this.#add(nick), { via, open: Boolean(open) });
      if (conversation.key !== this.current) conversation.unread = Math.max(conversation.unread, Number(unread) || 0);
      if (known) this.#addMissing(known, entries);
      else for (const entry of entries) this.#push(conversation, { ...entry, key: undefined });
    }
  }

  /** We are called this from now on. */
  called(nick) {
    if (this.#self) this.#past.add(fold(this.#self));
    this.#past.delete(fold(nick));
    this.#self = nick;
  }

  /** The conversation with someone, begun or taken up again. */
  begin(nick) {
    const conversation = this.conversations.get(keyOf(nick)) ?? this.#add(nick);
    conversation.open = true;
    conversation.turn = this.#turns += 1;
    return conversation;
  }

  /** null for a key that is none of a conversation: then a room is looked at. */
  show(key) {
    const conversation = this.conversations.get(key);
    const before = this.conversations.get(this.current);
    if (before && before !== conversation) before.line = null;
    this.current = conversation ? key : null;
    if (conversation) conversation.open = true;
    if (this.#attentive) this.read(key);
  }

  /** Whether somebody looks at the page. While nobody does, what comes in the current conversation is unread as well. */
  attend(attentive) {
    this.#attentive = attentive;
    return attentive && this.read(this.current);
  }

  /** Looked at, here or somewhere else. Whether there was something to read. */
  read(key) {
    const conversation = this.conversations.get(key);
    const waited = Boolean(conversation?.unread);
    if (waited) conversation.unread = 0;
    return waited;
  }

  close(key) {
    if (this.current === key) this.current = null;
    const conversation = this.conversations.get(key);
    if (conversation) conversation.open = false;
  }

  /** A `direct` frame: somebody's to us, or our own by way of another connection. The conversation if there is something new to read. */
  received({ nick, to, at, via, text, id }) {
    if (![nick, to, text].every((value) => typeof value === 'string')) return null;
    const own = this.#isOwn(nick, to);
    const conversation = this.begin(own ? to : nick);
    if (!own) Object.assign(conversation, { nick, via });
    conversation.gone = false;
    const entry = { kind: 'message', nick, via, at, text, id, mine: false, own };
    this.#push(conversation, entry);
    if (own || (this.#attentive && conversation.key === this.current)) return null;
    if (conversation.unread === 0) conversation.line = { key: entry.key };
    conversation.unread += 1;
    return conversation;
  }

  /** A message of the outbox was acknowledged. */
  said({ id, to, text }, now) {
    const conversation = this.conversations.get(keyOf(to)) ?? this.begin(to);
    const at = new Date(now).toISOString();
    conversation.gone = false;
    this.#push(conversation, { kind: 'message', nick: this.#self, via: 'ws', at, text, id, mine: true, own: true }, `out-${id}`);
  }

  /** Nobody of that name is there. Told once, until somebody is again. */
  gone(key) {
    const conversation = this.conversations.get(key);
    if (!conversation || conversation.gone) return;
    conversation.gone = true;
    this.#push(conversation, { kind: 'gone', nick: conversation.nick });
  }

  forget(key) {
    this.close(key);
    this.conversations.delete(key);
  }

  note(key, text) {
    const conversation = this.conversations.get(key);
    if (conversation) this.#push(conversation, { kind: 'note', text });
  }

  /** The conversation follows who it is with. {from, to}: its key before and now, when that is another. */
  renamed(old, nick) {
    const from = keyOf(old);
    const to = keyOf(nick);
    const conversation = this.conversations.get(from);
    if (!conversation || old === nick || to === keyOf(this.#self)) return null;
    this.#push(conversation, { kind: 'renamed', old, nick });
    Object.assign(conversation, { nick, gone: false });
    if (from === to) return null;
    this.#takeIn(conversation, this.conversations.get(to));
    conversation.key = to;
    this.conversations.delete(to);
    this.conversations = new Map([...this.conversations.values()].map((each) => [each.key, each]));
    if (this.current === from) this.current = to;
    if (this.current === to && this.#attentive) this.read(to);
    return { from, to };
  }

  /** What is worth keeping past a reload. */
  save() {
    let room = KEPT_UNITS;
    const newestFirst = [...this.conversations.values()].sort((a, b) => b.turn - a.turn);
    const kept = new Map();
    for (const conversation of newestFirst) {
      const entries = [];
      for (const entry of conversation.entries.slice(-KEPT_ENTRIES).reverse()) {
        room -= JSON.stringify(entry).length;
        if (room < 0) break;
        entries.unshift(entry);
      }
      kept.set(conversation, entries);
    }
    return [...this.conversations.values()].map((conversation) => {
      const { nick, via, unread, open } = conversation;
      return { nick, via, unread, open, entries: kept.get(conversation) };
    });
  }

  // Who asked for another name may hear the old one a moment longer, or the new one before it is told.
  #isOwn(nick, to) {
    const [from, self] = [fold(nick), fold(this.#self)];
    if (from === self) return true;
    return fold(to) !== self && this.#past.has(from) && !this.#past.has(fold(to));
  }

  // Whoever had the name before is gone, or it could not have been taken: what was said then stands above.
  #takeIn(conversation, other) {
    if (!other) return;
    conversation.entries.unshift(...other.entries);
    conversation.unread += other.unread;
  }

  #addMissing(conversation, entries) {
    const here = new Set(conversation.entries.map(identity));
    const missing = entries.filter((entry) => entry.kind === 'message' && !here.has(identity(entry)));
    for (const entry of missing) this.#push(conversation, { ...entry, key: undefined });
    if (missing.length) conversation.entries = inTime(conversation.entries);
  }

  #add(nick) {
    if (this.conversations.size >= MOST_CONVERSATIONS) this.#forgetOne();
    const conversation = { key: keyOf(nick), nick, via: undefined, unread: 0, line: null, open: true, entries: [], turn: this.#turns += 1 };
    this.conversations.set(conversation.key, conversation);
    return conversation;
  }

  // What was closed goes first, then what was never answered, then what rested longest.
  #forgetOne() {
    const answered = ({ entries }) => entries.some((entry) => entry.own);
    const [first] = [...this.conversations.values()].filter(({ key }) => key !== this.current)
      .sort((a, b) => a.open - b.open || answered(a) - answered(b) || a.turn - b.turn);
    this.conversations.delete(first.key);
  }

  #push(conversation, entry, key = `d${this.#keys += 1}`) {
    entry.key = key;
    conversation.entries.push(entry);
    if (conversation.entries.length > MOST_ENTRIES * 1.25) conversation.entries.splice(0, conversation.entries.length - MOST_ENTRIES);
  }
}

// What has no time of its own stays behind what it came after.
function inTime(entries) {
  let at = '';
  return entries.map((entry) => ({ entry, at: at = entry.at ?? at })).sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at))).map(({ entry }) => entry);
}
