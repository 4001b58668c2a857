// Time and sockets in the hands of the test.

export class FakeClock {
  #at = 1_000_000;
  #timers = new Map();
  #count = 0;

  now = () => this.#at;
  setTimeout = (f, ms) => {
    this.#count += 1;
    this.#timers.set(this.#count, { at: this.#at + ms, f });
    return this.#count;
  };
  clearTimeout = (timer) => { this.#timers.delete(timer); };

  /** Lets time pass, and everything that is due in it happen in its order. */
  advance(ms) {
    const end = this.#at + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#at = Math.max(this.#at, due[1].at);
      due[1].f();
    }
    this.#at = end;
  }

  /** The machine sleeps: time passes and no timer counts it. */
  sleep(ms) {
    this.#at += ms;
    for (const timer of this.#timers.values()) timer.at += ms;
  }
}

/** A WebSocket class that keeps every socket it made, newest last. */
export function fakeSockets() {
  return class FakeSocket {
    static all = [];
    static get last() { return this.all.at(-1); }

    sent = [];
    closed = null;

    constructor(url, protocols) {
      Object.assign(this, { url, protocols });
      this.constructor.all.push(this);
    }

    send(text) { for (const line of text.split('\n')) this.sent.push(JSON.parse(line)); }
    close(code = 1005) { this.closed = code; }

    // What the test makes happen:
    opens() { this.onopen?.({}); }
    says(...frames) { this.onmessage?.({ data: frames.map((frame) => JSON.stringify(frame)).join('\n') }); }
    raw(data) { this.onmessage?.({ data }); }
    drops(code = 1006) { this.onclose?.({ code }); }

    take(type) {
      const taken = this.sent.filter((frame) => frame.type === type);
      this.sent = this.sent.filter((frame) => frame.type !== type);
      return taken;
    }
  };
}

/** As localStorage and sessionStorage are. */
export class FakeStorage {
  writes = [];   // [key, value or null], as other tabs hear of them
  #map = new Map();
  get length() { return this.#map.size; }
  key(i) { return [...this.#map.keys()][i] ?? null; }
  getItem(key) { return this.#map.get(key) ?? null; }
  setItem(key, value) { this.#map.set(key, String(value)); this.writes.push([key, String(value)]); }
  removeItem(key) { if (this.#map.delete(key)) this.writes.push([key, null]); }
  copy() { return Object.assign(new FakeStorage(), {}).fill(this.#map); }
  fill(map) { this.#map = new Map(map); return this; }
}

export function counter(prefix = 'id') {
  let n = 0;
  return () => `${prefix}${n += 1}`;
}
