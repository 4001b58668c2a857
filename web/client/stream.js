// A room's messages for a loop: `for await (const message of …)`. What the loop has not taken yet waits here, up to a bound. Above it the
// oldest go, and the message that follows says which: `missed`. The same for a gap of the server's.

export class Stream {
  #bound; #ended;
  #queue = [];
  #readers = [];      // calls of next() that wait
  #missed = null;     // of the message that comes next
  #over = false;

  /** ended(): the loop was left. */
  constructor(bound, ended) {
    this.#bound = Math.max(1, bound);
    this.#ended = ended;
  }

  push(message) {
    const value = this.#missed ? { ...message, missed: this.#missed } : message;
    this.#missed = null;
    if (this.#readers.length) return this.#readers.shift()({ value, done: false });
    this.#queue.push(value);
    if (this.#queue.length > this.#bound) this.#dropOldest();
  }

  gap({ from, to }) { this.#missed = { from: this.#missed?.from ?? from, to }; }

  /** Nothing follows; what waits can still be taken. */
  end() {
    this.#over = true;
    for (const reader of this.#readers.splice(0)) reader({ value: undefined, done: true });
  }

  next() {
    if (this.#queue.length) return Promise.resolve({ value: this.#queue.shift(), done: false });
    if (this.#over) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => { this.#readers.push(resolve); });
  }

  return(value) {
    this.#queue = [];
    this.end();
    this.#ended();
    return Promise.resolve({ value, done: true });
  }

  [Symbol.asyncIterator]() { return this; }

  #dropOldest() {
    const { seq, missed } = this.#queue.shift();
    const [next] = this.#queue;
    this.#queue[0] = { ...next, missed: { from: missed?.from ?? seq, to: next.missed?.to ?? seq } };
  }
}
