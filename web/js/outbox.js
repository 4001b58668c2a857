// What this person has written and the server has not yet made part of a room. A message keeps its id for as long as it lives here, through
// every retry, reconnect and reload: the id is what lets the server tell a repeat from a second message.

const MOST_IN_FLIGHT = 32;     // so that after a refusal few later messages have overtaken the refused one
const FIRST_PAUSE = 1_000;     // after "not now"
const LONGEST_PAUSE = 30_000;
const UNKNOWN = { state: 'failed', code: 'unknown' };  // a code of our own: it may have arrived
const LATER = new Set(['overloaded', 'rate_limited']);

/** True for a refusal that means "not now". */
export const isLater = (code) => LATER.has(code);

/** 128 bits; getRandomValues works without a secure context, randomUUID does not. */
export function newId(crypto = globalThis.crypto) {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const queueOf = (item) => (item.to === undefined ? item.room : DIRECT);

const encoder = new TextEncoder();
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

// The queue of all direct messages; no room can have this name.
export const DIRECT = '@';

/**
 * Item: {id, room, text, action, at, state: 'pending' | 'sent' | 'failed', code?, reason?, seq?}. `sent` means acknowledged and not yet seen
 * in the room; once it is seen, the item is the room's and leaves the outbox.
 *
 * A direct message has `to`, a nick, and as its room the key of the conversation. The server does not remember its id, so sent again it would
 * arrive again: one that was `written` and is not answered when the connection is lost has failed, and whether it goes out again is for its
 * writer to say.
 */
export class Outbox {
  #items = new Map();
  #inFlight = new Set();   // ids written to the present connection
  #open = new Set();       // rooms that take messages now
  #resumeAt = 0;
  #pause = FIRST_PAUSE;
  #save; #now; #newId;
  limits = { message_bytes: 4096, message_lines: 100 };

  constructor({ items = [], save = () => {}, now = () => Date.now(), id = newId } = {}) {
    this.#save = save;
    this.#now = now;
    this.#newId = id;
    this.adopt(items);
  }

  /** Items kept from before: whatever was in flight then is written again, under its old id. */
  adopt(items) {
    for (const { id, room, to, text, action = false, at, state, code, reason, written } of items) {
      if (typeof id !== 'string' || typeof room !== 'string' || typeof text !== 'string' || this.#items.has(id)) continue;
      const item = { id, room, ...(to !== undefined && { to: String(to) }), text, action, at, state: 'pending' };
      if (state === 'failed') Object.assign(item, { state, code, reason });
      else if (written) Object.assign(item, UNKNOWN);
      this.#items.set(id, item);
    }
    this.#persist();
  }

  add(room, text, { action = false, to } = {}) {
    const item = { id: this.#newId(), room, ...(to !== undefined && { to }), text: text.replace(loneSurrogate, '\uFFFD'), action, at: this.#now(), state: 'pending' };
    this.#items.set(item.id, item);
    this.#judge(item);
    this.#persist();
    return item;
  }

  /** A room takes messages from now on, until it is closed or the connection is lost. */
  open(room) { this.#open.add(room); }
  close(room) { this.#open.delete(room); }

  disconnected() {
    this.#open.clear();
    for (const item of this.#items.values()) if (item.written) this.#fail(item, UNKNOWN);
    this.#inFlight.clear();
    this.#resumeAt = 0;
    this.#pause = FIRST_PAUSE;
    this.#persist();
  }

  /** The messages to write now, in the order they were typed; they count as in flight from here on. */
  take() {
    const due = [];
    if (this.#now() < this.#resumeAt) return due;
    for (const item of this.#items.values()) {
      if (this.#inFlight.size >= MOST_IN_FLIGHT) break;
      if (item.state !== 'pending' || this.#inFlight.has(item.id) || !this.#open.has(queueOf(item))) continue;
      this.#inFlight.add(item.id);
      if (item.to !== undefined) Object.assign(item, { written: true, asked: item.to });  // `asked`: the name it went out to
      due.push(item);
    }
    if (due.some((item) => item.written)) this.#persist();  // before they go out, so that a reload does not send them again
    return due;
  }

  /** When take() is worth asking again, if it is a matter of time alone. */
  get resumeAt() { return this.#resumeAt > this.#now() ? this.#resumeAt : null; }

  /** The journal has it. Says nothing of an id that was settled before: an ack may come twice or after the message itself. */
  acknowledged(id, seq) {
    const item = this.#items.get(id);
    if (!item) return null;
    this.#inFlight.delete(id);
    this.#pause = FIRST_PAUSE;
    delete item.code;
    delete item.reason;
    item.state = 'sent';
    item.seq = seq;
    this.#persist();
    return item;
  }

  /** The room's stream has it: it is no longer ours to keep. */
  seen(id) {
    const item = this.#items.get(id);
    if (item) this.#remove(id);
    return item ?? null;
  }

  refused(id, code, reason) {
    const item = this.#items.get(id);
    if (!item || item.state === 'sent') return null;
    this.#inFlight.delete(id);
    delete item.written;
    if (isLater(code)) {
      // Several refusals of one burst are one reason to pause, not one each.
      if (this.#now() >= this.#resumeAt) {
        this.#resumeAt = this.#now() + this.#pause;
        this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
      }
    } else this.#fail(item, { state: 'failed', code, reason });
    this.#persist();
    return item;
  }

  retry(id) {
    const item = this.#items.get(id);
    if (item?.state !== 'failed') return null;
    delete item.code;
    delete item.reason;
    item.state = 'pending';
    this.#judge(item);
    this.#persist();
    return item;
  }

  discard(id) {
    const item = this.#items.get(id);
    if (item?.state !== 'failed') return null;
    this.#remove(id);
    return item;
  }

  /** Takes out what is acknowledged and will not be seen in the room any more: its seq is in a gap, or in a numbering that ended. */
  takeSent(room, from = 0, to = Infinity) {
    const taken = this.items(room).filter((item) => item.state === 'sent' && item.seq >= from && item.seq <= to);
    for (const item of taken) this.#remove(item.id);
    return taken;
  }

  /** The person of a conversation has another name now. */
  move(room, to, nick) {
    for (const item of this.items(room)) Object.assign(item, { room: to, to: nick });
    this.#persist();
  }

  /** Forgets everything of a room, for someone who leaves it. */
  drop(room) {
    for (const item of this.items(room)) this.#remove(item.id);
  }

  items(room) { return [...this.#items.values()].filter((item) => item.room === room); }

  item(id) { return this.#items.get(id); }

  /** Something is still to be sent. */
  get waiting() { return [...this.#items.values()].some((item) => item.state === 'pending'); }

  /** Whom direct messages are for. */
  recipients() { return new Set([...this.#items.values()].filter((item) => item.to !== undefined).map((item) => item.to)); }

  // A text over the limits never goes out: in a frame that is too big it would cost the connection, again after every reconnect.
  #judge(item) {
    const { message_bytes: bytes, message_lines: lines } = this.limits;
    const size = encoder.encode(item.text).length;
    const height = item.text.split('\n').length;
    if (size > bytes) Object.assign(item, { state: 'failed', code: 'too_long', reason: { bytes: size, limit: bytes } });
    else if (height > lines) Object.assign(item, { state: 'failed', code: 'too_long', reason: { lines: height, limit: lines } });
  }

  #fail(item, why) {
    delete item.written;
    Object.assign(item, why);
  }

  #remove(id) {
    this.#items.delete(id);
    this.#inFlight.delete(id);
    this.#persist();
  }

  #persist() { this.#save([...this.#items.values()].filter((item) => item.state !== 'sent')); }
}
