// What was written and is not yet part of a room. A message keeps its id for as long as it lives here, through every retry, reconnect and
// restart: the id is what lets the server tell a repeat from a second message.

import { fold, isLater, isRoom } from './common.js';

const MOST_WRITTEN = 10_000;   // that wait here
const MOST_IN_FLIGHT = 32;     // so that after a refusal few later messages have overtaken the refused one
const FIRST_PAUSE = 1_000;     // after "not now"
const LONGEST_PAUSE = 30_000;
const UNKNOWN = { state: 'failed', code: 'unknown' };  // a code of our own: it may have arrived

/** Stands for the room of all direct messages; no room can have this name. */
export const DIRECT = '@';

const encoder = new TextEncoder();
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/**
 * Item: {id, room | to, text, action, at, state: 'pending' | 'sent' | 'failed', code?, reason?, seq?}. `sent` means acknowledged and not yet
 * seen in the room; once it is seen, the item is the room's and leaves the outbox.
 *
 * A direct message has `to`, a nick, and no room. The server does not remember its id, so sent again it would arrive again: one that was
 * `written` and is not answered when the connection is lost has failed, and whether it goes out again is for its writer to say.
 */
export class Outbox {
  limits = { message_bytes: 4096, message_lines: 100 };
  #items = new Map();
  #inFlight = new Set();   // ids written to the present connection
  #open = new Set();       // rooms that take messages now
  #resumeAt = 0;
  #pause = FIRST_PAUSE;
  #unsaved = false;
  #now; #save; #told;

  /**
   * now(): the time; save(items()): called when what is to be kept has changed, once for all changes of one turn; told(item, change, why), change:
   * 'pending', 'sent', 'failed', 'seen' (its room has it, or it was a direct message and is on its way), 'unseen' (its room has it and does not
   * show it), 'dropped'.
   */
  constructor({ now, save, told }) {
    this.#now = now;
    this.#save = save;
    this.#told = told;
  }

  get items() { return [...this.#items.values()]; }
  item(id) { return this.#items.get(id); }
  get full() { return this.#items.size >= MOST_WRITTEN; }
  get idle() { return this.#inFlight.size === 0; }

  /** Items kept from before: whatever was in flight then is written again, under its old id. */
  adopt(items) {
    for (const each of items) {
      const { id, room, to, text, action = false, at: then, state, code, reason, written } = each ?? {};
      const placed = to === undefined ? isRoom(room) : typeof to === 'string';
      if (!placed || typeof id !== 'string' || typeof text !== 'string' || this.#items.has(id)) continue;
      const at = new Date(then).getTime() === then ? then : this.#now();  // else whoever shows it fails
      const item = { id, ...(to === undefined ? { room } : { to }), text, action, at, state: 'pending' };
      if (state === 'failed') Object.assign(item, { state, code, reason });
      else if (written) Object.assign(item, UNKNOWN);
      this.#items.set(id, item);
      this.#told(item, item.state);
    }
    this.#persist();
  }

  add(item) {
    item.text = item.text.replace(loneSurrogate, '\uFFFD');
    this.#items.set(item.id, item);
    this.#enqueue(item);
  }

  /** A room takes messages from now on, until it is closed or the connection is lost. */
  open(room) { this.#open.add(room); }
  close(room) { this.#open.delete(room); }

  disconnected() {
    this.#open.clear();
    for (const item of this.items) if (item.written) this.#fail(item, UNKNOWN);
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
      if (item.state !== 'pending' || this.#inFlight.has(item.id) || !this.#open.has(item.room ?? DIRECT) || !this.#fits(item)) continue;
      this.#inFlight.add(item.id);
      if (item.to !== undefined) Object.assign(item, { written: true, asked: item.to });  // `asked`: the name it went out to
      due.push(item);
    }
    if (due.some((item) => item.written)) this.#write();  // before they go out, so that a reload does not send them again
    return due;
  }

  /** When take() is worth asking again, if it is a matter of time alone. */
  get resumeAt() { return this.#resumeAt > this.#now() ? this.#resumeAt : null; }

  /** The journal has it; of a direct message that is all there is to say. An ack may come twice or after the message itself. */
  acknowledged(id, seq) {
    const item = this.#items.get(id);
    if (!item) return;
    this.#inFlight.delete(id);
    this.#pause = FIRST_PAUSE;
    delete item.code;
    delete item.reason;
    Object.assign(item, { state: 'sent', seq });
    this.#told(item, 'sent');
    if (item.to !== undefined) this.#remove(item, 'seen');
    else this.#persist();
  }

  /** The room's stream has it: it is no longer ours to keep. False for what is not ours: ids are seen by all, and anybody may send one again. */
  seen(room, id, seq) {
    const item = this.#items.get(id);
    if (item?.room !== room) return false;
    this.#remove(Object.assign(item, { state: 'sent', seq }), 'seen');
    return true;
  }

  /** Acknowledged, and not to be seen in the room any more: its seq is in a gap, below what is read, or in a numbering that ended. */
  unseen(room, from = 0, to = Infinity) {
    const gone = this.items.filter((item) => item.room === room && item.state === 'sent' && item.seq >= from && item.seq <= to);
    for (const item of gone) this.#remove(item, 'unseen');
  }

  /** False for what is not ours. */
  refused(id, code, reason) {
    const item = this.#items.get(id);
    if (!item) return false;
    if (item.state === 'sent') return true;
    this.#inFlight.delete(id);
    delete item.written;
    if (!isLater(code)) this.#fail(item, { state: 'failed', code, reason });
    else if (this.#now() >= this.#resumeAt) {
      // Several refusals of one burst are one reason to pause, not one each.
      this.#resumeAt = this.#now() + this.#pause;
      this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
    }
    this.#persist();
    return true;
  }

  retry(id) {
    const item = this.#items.get(id);
    if (item?.state !== 'failed') return null;
    delete item.code;
    delete item.reason;
    item.state = 'pending';
    this.#enqueue(item);
    return item;
  }

  /** One that is under way may arrive all the same. */
  discard(id) {
    const item = this.#items.get(id);
    if (!item || item.state === 'sent') return null;
    this.#remove(item, 'dropped');
    return item;
  }

  /** Somebody has another name now, and what waits goes to it. */
  redirect(old, nick) {
    const waiting = this.items.filter((item) => item.to !== undefined && fold(item.to) === fold(old));
    for (const item of waiting) item.to = nick;
    if (waiting.length) this.#persist();
  }

  /** A room that lets nobody in: what waits for it has failed. */
  shut(room, code, reason) {
    for (const item of this.items) if (item.room === room && item.state === 'pending') this.refused(item.id, code, reason);
    this.unseen(room);
  }

  /** Everything of a room that is left. */
  drop(room, why) {
    for (const item of this.items) if (item.room === room) this.#remove(item, 'dropped', why);
  }

  #enqueue(item) {
    this.#told(item, 'pending');
    this.#fits(item);
    this.#persist();
  }

  // A text over the limits never goes out: in a frame that is too big it would cost the connection, again after every reconnect.
  #fits(item) {
    const { message_bytes: bytes, message_lines: lines } = this.limits;
    const size = encoder.encode(item.text).length;
    const height = item.text.split('\n').length;
    const reason = size > bytes ? { bytes: size, limit: bytes } : height > lines ? { lines: height, limit: lines } : null;
    if (reason) this.#fail(item, { state: 'failed', code: 'too_long', reason });
    return !reason;
  }

  #fail(item, why) {
    delete item.written;
    Object.assign(item, why);
    this.#told(item, 'failed');
  }

  #remove(item, change, why) {
    this.#items.delete(item.id);
    this.#inFlight.delete(item.id);
    this.#persist();
    this.#told(item, change, why);
  }

  #persist() {
    if (!this.#unsaved) queueMicrotask(() => { if (this.#unsaved) this.#write(); });
    this.#unsaved = true;
  }

  #write() {
    this.#unsaved = false;
    this.#save(() => this.items.filter((item) => item.state !== 'sent'));
  }
}
