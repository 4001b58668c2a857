// Sees to it that somebody notices being meant: mentions in rooms and direct messages that nobody has looked at. What is unread is counted by the
// store; this compares, and tells what has risen. Several tabs of one person tell it once, and what is read in one is read in all.

import { realClock } from './clock.js';
import { fold } from './names.js';
import { mentionsSelf } from './mentions.js';

const SOON = 250;    // so that a burst is told as one …
const SPREAD = 250;  // … and by one tab
const LOOKED_THROUGH = 200;

export const keyOfPlace = (place) => place.key ?? place.name;
const isConversation = (place) => place.key !== undefined;
const waiting = (place) => (isConversation(place) ? place.unread : place.mentions ?? 0);

export class Alerts {
  #on; #clock; #random;
  #known = new Map();       // place -> how much waited there
  #last = new WeakMap();    // place -> its last entry
  #pending = new Map();     // place -> {timer, from}
  #total = 0;

  /**
   * on: {places(): rooms and conversations, self(): our nick, isLookedAt(place), isShown(place): before the eyes, if not under them,
   * muted(): keys, tell({place, count, entry}), withdraw(key), total(n), read(key, upTo)}. channel: a BroadcastChannel, or null.
   */
  constructor(on, { channel = null, clock = realClock, random = Math.random } = {}) {
    this.#on = on;
    this.#clock = clock;
    this.#random = random;
    this.channel = channel;
    if (channel) channel.onmessage = ({ data }) => this.#heard(data);
    for (const place of on.places()) this.#known.set(place, waiting(place));  // from before a reload: told already
  }

  /** Something may have changed. */
  look() {
    const places = new Set(this.#on.places());
    const muted = new Set(this.#on.muted());
    let total = 0;
    for (const place of this.#known.keys()) if (!places.has(place)) this.#forget(place);
    for (const place of places) {
      const isMuted = muted.has(keyOfPlace(place));
      const now = waiting(place);
      const before = this.#known.get(place) ?? 0;
      this.#known.set(place, now);
      if (now > before && !isMuted && !place.catchUp?.isFirst) this.#rose(place, before);  // else from before a reload
      else if (now < before) this.#read(place);
      if (this.#on.isLookedAt(place)) this.#followed(place);
      if (!isMuted) total += now;
    }
    if (total !== this.#total) this.#on.total(total);
    this.#total = total;
  }

  #rose(place, before) {
    if (this.#pending.has(place) || this.#on.isShown(place)) return;
    const timer = this.#clock.setTimeout(() => this.#tell(place), SOON + this.#random() * SPREAD);
    this.#pending.set(place, { timer, from: before });
  }

  #tell(place) {
    const { from } = this.#pending.get(place);
    this.#pending.delete(place);
    const count = waiting(place) - from;
    if (count < 1 || this.#on.isShown(place)) return;
    this.channel?.postMessage({ told: keyOfPlace(place) });
    this.#on.tell({ place, count, entry: this.#newest(place) });
  }

  #newest({ entries, key }) {
    const self = this.#on.self();
    return entries.slice(-LOOKED_THROUGH).findLast((entry) => entry.kind === 'message' && !entry.own && fold(entry.nick) !== fold(self)
      && (key !== undefined || mentionsSelf(entry.text, self))) ?? null;
  }

  // It is gone from here; other tabs may still have it.
  #forget(place) {
    this.#known.delete(place);
    this.#cancel(place);
    this.#on.withdraw(keyOfPlace(place));
  }

  #read(place) {
    this.#cancel(place);
    this.#on.withdraw(keyOfPlace(place));
    this.#pass(place);
  }

  // The other tabs may get later what was read here.
  #pass(place) {
    const upTo = isConversation(place) ? undefined : { epoch: place.epoch, seq: place.timeline.highest };
    this.channel?.postMessage({ read: keyOfPlace(place), upTo });
  }

  // What somebody looks at, and what comes while they do, is read: other tabs must know.
  #followed(place) {
    const last = place.entries.at(-1);
    const before = this.#last.get(place);
    this.#last.set(place, last);
    if (last === before || last?.kind !== 'message') return;
    if (isConversation(place) || mentionsSelf(last.text, this.#on.self())) this.#pass(place);
  }

  #heard({ read, told, upTo } = {}) {
    const place = this.#on.places().find((each) => keyOfPlace(each) === (read ?? told));
    if (!place) return;
    this.#cancel(place);
    if (read === undefined) return;
    this.#known.set(place, 0);  // no news to pass on
    this.#on.withdraw(read);
    this.#on.read(read, upTo);
  }

  #cancel(place) {
    this.#clock.clearTimeout(this.#pending.get(place)?.timer);
    this.#pending.delete(place);
  }
}
