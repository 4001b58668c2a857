// What is read aloud of new messages. Nothing is said of what one wrote oneself and of older messages that were loaded; one message is read at
// once, and of many that come together how many there are. Free of the page.

import { realClock } from './clock.js';

const PAUSE = 3_000;     // between two announcements: time to read one out
const MOST_READ = 2;     // of more messages only the number is told
const MOST_UNITS = 200;  // of one message; who wants more reads on in the list

export class News {
  #place = null;
  #last = undefined;     // the newest message that was seen to
  #waiting = [];         // the first few of those that were not announced yet …
  #count = 0;            // … and how many there are
  #silentTo = 0;
  #timer = null;
  #say; #clock;

  /** say(messages): [{nick, text, action}], or how many there are. */
  constructor({ say, clock = realClock }) {
    this.#say = say;
    this.#clock = clock;
  }

  /** What the log shows now. */
  look({ place, entries, self }) {
    const fresh = place === this.#place ? this.#since(entries) : [];
    if (place !== this.#place) this.#forget();
    this.#place = place;
    this.#last = entries.findLast((entry) => entry.kind === 'message');
    for (const { kind, nick, text, action, own, mine, seq } of fresh) {
      if (kind !== 'message' || (own ?? (mine || nick === self)) || seq <= place.readTo) continue;
      this.#count += 1;
      if (this.#waiting.length < MOST_READ) this.#waiting.push({ nick, action, text: text.length > MOST_UNITS ? `${text.slice(0, MOST_UNITS)}…` : text });
    }
    this.#announce();
  }

  #since(entries) {
    const at = this.#last === undefined ? -1 : entries.lastIndexOf(this.#last);
    return this.#last === undefined || at >= 0 ? entries.slice(at + 1) : [];
  }

  #announce() {
    if (!this.#count || this.#timer !== null) return;
    const wait = this.#silentTo - this.#clock.now();
    if (wait > 0) {
      this.#timer = this.#clock.setTimeout(() => { this.#timer = null; this.#announce(); }, wait);
      return;
    }
    this.#say(this.#count > MOST_READ ? this.#count : this.#waiting);
    this.#forget();
    this.#silentTo = this.#clock.now() + PAUSE;
  }

  #forget() {
    this.#waiting = [];
    this.#count = 0;
  }
}
