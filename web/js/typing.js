// Who is typing, and telling others that one types oneself. Nothing of it is kept, and nothing hangs on it.

import { parse } from './commands.js';

const SHOWN = 6_000;   // after the last that was heard of it
const AGAIN = 3_000;   // between two of our own
const MOST = 20;       // names a room; beyond a few they are not named anyway

/** The others. */
export class Typists {
  #rooms = new Map();   // room -> Map(nick -> timer), who began first stands first
  #clock; #changed;

  constructor({ clock, changed }) {
    this.#clock = clock;
    this.#changed = changed;
  }

  names(room) { return [...this.#rooms.get(room)?.keys() ?? []]; }

  heard(room, nick) {
    if (!this.#rooms.has(room)) this.#rooms.set(room, new Map());
    const typists = this.#rooms.get(room);
    if (!typists.has(nick) && typists.size >= MOST) return;
    this.#clock.clearTimeout(typists.get(nick));
    typists.set(nick, this.#clock.setTimeout(() => { this.stopped(room, nick); this.#changed(); }, SHOWN));
  }

  /** It said what it had to say, or it left. */
  stopped(room, nick) {
    const typists = this.#rooms.get(room);
    this.#clock.clearTimeout(typists?.get(nick));
    typists?.delete(nick);
  }

  renamed(room, old, nick) {
    if (!this.#rooms.get(room)?.has(old)) return;
    this.stopped(room, old);
    this.heard(room, nick);
  }

  /** Nobody types any more in a room, or anywhere. */
  clear(room) {
    for (const name of room === undefined ? [...this.#rooms.keys()] : [room]) {
      for (const nick of this.names(name)) this.stopped(name, nick);
      this.#rooms.delete(name);
    }
  }
}

/** Oneself. send(room): false when it could not be told. */
export class TypingNews {
  #clock; #send;
  #last = -Infinity;

  constructor({ clock, send }) {
    this.#clock = clock;
    this.#send = send;
  }

  /** The box holds this now, by the person's own hand. */
  typed(room, text) {
    const meant = parse(text);
    if (meant?.name !== 'say' || meant.action || this.#clock.now() - this.#last < AGAIN) return;
    if (this.#send(room)) this.#last = this.#clock.now();
  }
}
