// Waiting for events, always with a deadline: no test sleeps. A deadline only ever makes a test fail.
import { inspect } from 'node:util';

// A slow build (sanitizers, a busy machine) stretches every deadline by this factor.
export const SLOW = Math.max(1, Number(process.env.CHATBRIDGE_TEST_SLOW ?? 1) || 1);
export const DEADLINE_MS = 8_000 * SLOW;

// The promise's result, or an error that says what did not happen in time.
export async function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// A promise together with its two ends.
export function defer() {
  const d = {};
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
  d.promise.catch(() => {});  // whoever awaits it still gets the error; nobody awaiting is not a crash
  return d;
}

function asPredicate(match) {
  if (typeof match === 'function') return match;
  const text = (item) => (typeof item === 'string' ? item : JSON.stringify(item));
  if (match instanceof RegExp) return (item) => match.test(text(item));
  return (item) => text(item).includes(match);
}

// What one client has received, in order, and those who wait for more of it.
// `next` reads on from where the last `next` stopped; the other waits do not move that place.
export class Inbox {
  items = [];
  #read = 0;
  #waiters = new Set();
  #ended = null;

  constructor(owner) {
    this.owner = owner;
  }

  // What is kept of an item; a test that moves very much data keeps less.
  keep = (item) => item;

  push(item) {
    this.items.push(this.keep(item));
    this.#wake();
  }

  // Nothing more will come: whoever waits for more is told at once instead of at the deadline.
  end(reason) {
    this.#ended ??= reason;
    this.#wake();
  }

  // Looks again although no item came (something else that a condition reads has changed).
  poke() {
    this.#wake();
  }

  #wake() {
    for (const waiter of [...this.#waiters]) waiter();
  }

  // Skips what is there already: the next `next` looks at later items only.
  skip() {
    this.#read = this.items.length;
  }

  #wait(check, what, ms) {
    const { promise, resolve, reject } = defer();
    const look = () => {
      try {
        const found = check();
        if (found !== undefined) resolve(found);
        else if (this.#ended) reject(new Error(`${this.#ended} while waiting: ${this.#describe(what)}`));
      } catch (error) {
        reject(error);
      }
    };
    this.#waiters.add(look);
    look();
    return within(promise, () => this.#describe(what), ms).finally(() => this.#waiters.delete(look));
  }

  #describe(what) {
    const tail = this.items.slice(-8).map((item) => inspect(item, { breakLength: Infinity }).slice(0, 300));
    return `${this.owner} gets ${what}; received ${this.items.length}, the last:\n  ${tail.join('\n  ')}`;
  }

  // The first item from index `from` on that matches, as {item, index}.
  find(match, what, { from = 0, ms } = {}) {
    const fits = asPredicate(match);
    let at = from;
    return this.#wait(() => {
      for (; at < this.items.length; at++) {
        if (fits(this.items[at])) return { item: this.items[at], index: at };
      }
      return undefined;
    }, what ?? String(match), ms);
  }

  // Reads on to the next item that matches: string (contains), RegExp or predicate.
  async next(match = () => true, what = undefined, ms = undefined) {
    const { item, index } = await this.find(match, what, { from: this.#read, ms });
    this.#read = index + 1;
    return item;
  }

  // Waits until the condition over everything received so far holds; gives its value.
  until(condition, what, ms) {
    return this.#wait(() => condition(this.items) || undefined, what, ms);
  }
}

// Splits a byte stream into lines; what has no line end yet stays in `rest`.
export class LineSplitter {
  #parts = [];

  constructor(onLine) {
    this.onLine = onLine;
  }

  push(chunk) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#parts.push(chunk.subarray(start, end));
      this.onLine(Buffer.concat(this.#parts).toString('utf8').replace(/\r$/, ''));
      this.#parts = [];
      start = end + 1;
    }
    if (start < chunk.length) this.#parts.push(chunk.subarray(start));
  }

  get rest() {
    return Buffer.concat(this.#parts).toString('utf8');
  }
}
