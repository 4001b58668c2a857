// The tabs of a browser are one person, but the server tells some things to one of them only: what waited for that person goes to whoever comes
// back first, and nobody else knows what was said before a tab was opened. So the tabs tell each other.

import { identity } from './directs.js';

const MOST_KNOWN = 1_000;   // messages that may be told again

export class Tabs {
  #channel; #id;
  #known = new Map();   // message -> Map(who told of it -> how often)

  /** channel: a BroadcastChannel, or null. on: {direct(frame), asked(): conversations to tell, conversations(kept)}. */
  constructor({ channel, id, on }) {
    this.#channel = channel;
    this.#id = id;
    if (channel) channel.onmessage = ({ data }) => this.#hear(data, on);
  }

  /** What have you got? */
  ask() { this.#tell({ ask: true }); }

  /** A private message, as the server has it, to or from here. False when another tab has told of it already. */
  direct(frame) {
    this.#tell({ frame });
    return this.#isNew(frame, this.#id);
  }

  #tell(news) { this.#channel?.postMessage({ from: this.#id, ...news }); }

  #hear({ from, to, ask, frame, conversations }, on) {
    if (to !== undefined && to !== this.#id) return;
    if (ask) {
      const kept = on.asked();
      if (kept.length) this.#tell({ to: from, conversations: kept });
    } else if (frame && this.#isNew(frame, from)) on.direct(frame);
    else if (conversations) {
      for (const { entries } of conversations) for (const entry of entries) if (entry.kind === 'message') this.#isNew(entry, from);
      on.conversations(conversations);
    }
  }

  // Everybody tells of a message as often as it was said, so it was said as often as whoever told most.
  #isNew(frame, from) {
    const message = identity(frame);
    const told = this.#known.get(message) ?? new Map();
    const most = Math.max(0, ...told.values());
    told.set(from, (told.get(from) ?? 0) + 1);
    this.#known.set(message, told);
    if (this.#known.size > MOST_KNOWN) this.#known.delete(this.#known.keys().next().value);
    return told.get(from) > most;
  }
}
