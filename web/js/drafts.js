// What stands in the box, place by place, past a reload. A secret is not written down, and what is meant for one person stays with the tab, as
// the conversation does.

import { secrecy } from './commands.js';

const KEY = 'chatbridge.draft.';
const MOST = 50;
const LONGEST = 20_000;          // UTF-16 units; a longer one is kept as long as the page
const OLDEST = 30 * 86_400_000;

export class Drafts {
  #stores; #now;
  #texts = new Map();   // place -> text, what was changed last stands last

  /** local, session: {get(key), set(key, value), remove(key), keys()} that never throw. */
  constructor({ local, session, now = () => Date.now() }) {
    this.#stores = [local, session];
    this.#now = now;
    const kept = this.#stores.flatMap((store) => store.keys().filter((key) => key.startsWith(KEY)).map((key) => ({ store, key, ...read(store.get(key)) })));
    for (const { store, key, text, at } of kept.sort((a, b) => a.at - b.at)) {
      if (typeof text === 'string' && now() - at < OLDEST) this.#hold(key.slice(KEY.length), text);
      else store.remove(key);
    }
  }

  get(place) { return this.#texts.get(place) ?? ''; }

  /** Each by itself, as other tabs of ours have theirs there too. */
  set(place, text) {
    if (typeof place !== 'string' || text === this.get(place)) return;
    this.#hold(place, text);
    const to = this.#storeFor(place, text);
    for (const store of this.#stores) if (store !== to) store.remove(KEY + place);
    to?.set(KEY + place, JSON.stringify({ text, at: this.#now() }));
  }

  /** This was sent from there: other tabs of ours that hold the very same need it no more. What was only taken out of the box is theirs still. */
  sent(place, text) {
    const [local] = this.#stores;
    if (this.#storeFor(place, text) !== local) return;
    local.set(KEY + place, JSON.stringify({ text, at: this.#now(), sent: true }));
    local.remove(KEY + place);
  }

  /** Another tab has changed the storage. The place whose draft is no draft any more, or undefined. */
  heard(key, value) {
    if (!key?.startsWith(KEY)) return undefined;
    const place = key.slice(KEY.length);
    const { text, sent } = read(value);
    if (!sent || text !== this.get(place)) return undefined;
    this.#texts.delete(place);
    return place;
  }

  /** A conversation has another key now. */
  move(from, to) {
    const text = this.get(from);
    this.set(from, '');
    if (text) this.set(to, text);
  }

  #hold(place, text) {
    this.#texts.delete(place);
    if (text) this.#texts.set(place, text);
    if (this.#texts.size > MOST) this.set(this.#texts.keys().next().value, '');
  }

  #storeFor(place, text) {
    const [local, session] = this.#stores;
    const kind = secrecy(text);
    if (!text || text.length > LONGEST || kind === 'secret') return undefined;
    return kind === 'private' || place.startsWith('@') ? session : local;
  }
}

function read(text) {
  try {
    const { text: draft, at, sent } = JSON.parse(text);
    return { text: draft, at: Number(at) || 0, sent: sent === true };
  } catch {
    return { at: 0 };
  }
}
