// One WebSocket at a time, kept open for as long as it is wanted. Knows how to greet, how to notice a dead link and when to try again; knows
// nothing of rooms or messages.

const SUBPROTOCOL = 'chatbridge.v1';
const FIRST_WAIT = 500;       // back-off: doubles from here …
const LONGEST_WAIT = 30_000;  // … to here
const SETTLED = 10_000;       // a link that lasted this long was a good one: the back-off starts over
const OPENING = 10_000;       // from the first attempt to `welcome`
const PING_EVERY = 25_000;
const PING_AGAIN = 2_000;     // after the first answer, which waited for all that a page does when it is let in
const ANSWER = 10_000;        // for anything to be heard after a ping
const QUICK_ANSWER = 4_000;   // after waking up somebody is looking, so a dead link must show soon
const FAREWELL = 5_000;       // from `bye` to the close
const BEAT = 5_000;           // one that comes this much too late: the machine was asleep

/**
 * States: {name: 'offline'} (nobody wants it), {name: 'connecting', attempt}, {name: 'connected'} (welcomed),
 * {name: 'waiting', retryAt, reason} (reason: what `bye` said).
 */
export class Link {
  state = { name: 'offline' };
  latency = null;
  #parts; #clock;
  #socket = null;
  #timer = null;       // the one deadline that counts in the present state
  #beat = null;
  #attempts = 0;
  #dialedAt = 0;
  #welcomedAt = 0;
  #pingAt = 0;         // when the next ping is due
  #pinged = null;      // when the one went out that has no answer yet
  #bye = null;

  /** parts: {url, WebSocket, clock, random, hello(): the object to greet with, heard(frame), changed(state), measured(ms)} */
  constructor(parts) {
    this.#parts = parts;
    this.#clock = parts.clock;
  }

  open() {
    if (this.state.name !== 'offline') return;
    this.#watch();
    this.#dial();
  }

  close() {
    this.#drop()?.close(1000);
    this.#clock.clearTimeout(this.#beat);
    this.#attempts = 0;
    this.#enter({ name: 'offline' });
  }

  /** Anew and at once, with another greeting. */
  again() {
    this.#drop()?.close(1000);
    this.#dial();
  }

  /** The network is back or somebody is looking again: whatever was put off is done now. */
  wake() {
    const hangs = this.state.name === 'connecting' && this.#clock.now() - this.#dialedAt >= QUICK_ANSWER;
    if (this.state.name === 'waiting' || hangs) this.#dial();
    else this.doubt();
  }

  /** Finds out quickly whether there is still anybody at the other end. */
  doubt() {
    if (this.state.name === 'connected' && !this.#bye) this.#ping(QUICK_ANSWER);
  }

  /** False when there is nobody to send to; nothing is queued here. */
  send(frame) {
    if (this.state.name !== 'connected') return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #dial() {
    this.#drop()?.close();
    this.#bye = null;
    this.#dialedAt = this.#clock.now();
    if (!this.#enter({ name: 'connecting', attempt: this.#attempts })) return;
    let socket;
    try {
      socket = new this.#parts.WebSocket(this.#parts.url, [SUBPROTOCOL]);
    } catch {
      this.#lost();
      return;
    }
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.#parts.hello()));
    socket.onmessage = (event) => this.#hear(socket, event.data);
    socket.onclose = () => this.#lost();
    socket.onerror = () => {};  // a close follows and says the same
    this.#after(OPENING, () => this.#lost());
  }

  #hear(socket, data) {
    if (typeof data !== 'string') return;
    if (this.state.name === 'connected' && !this.#bye) this.#pingAfter(this.#pingAt - this.#clock.now());
    for (const line of data.split('\n')) {
      if (socket !== this.#socket) return;  // a frame before this one in the same text made us stop
      const frame = parse(line);
      if (frame) this.#take(socket, frame);
    }
  }

  #take(socket, frame) {
    if (frame.type === 'welcome') {
      this.#welcomedAt = this.#clock.now();
      this.state = { name: 'connected' };
      this.#ping(ANSWER);
    } else if (frame.type === 'bye') {
      this.#bye = { reason: String(frame.reason ?? ''), wait: Number(frame.retry_after_ms) };
      this.#after(FAREWELL, () => this.#lost());
    } else if (frame.type === 'pong' && this.#pinged !== null) {
      const isFirst = this.latency === null;
      this.latency = this.#clock.now() - this.#pinged;
      this.#pinged = null;
      if (isFirst && !this.#bye) this.#pingAfter(PING_AGAIN);
      this.#parts.measured(this.latency);
    }
    this.#parts.heard(frame);
    if (frame.type === 'welcome' && socket === this.#socket) this.#enter(this.state);
  }

  #pingAfter(ms) {
    this.#pingAt = this.#clock.now() + ms;
    this.#after(ms, () => this.#ping(ANSWER));
  }

  // A browser cannot see the pings of the WebSocket protocol, and a half-dead link gives no close for many minutes.
  #ping(deadline) {
    if (this.#pinged === null) {
      this.#pinged = this.#clock.now();
      this.send({ type: 'ping' });
    }
    this.#pingAt = this.#clock.now() + PING_EVERY;
    this.#after(deadline, () => this.#lost());
  }

  // Timers stand still while a machine sleeps.
  #watch() {
    const due = this.#clock.now() + BEAT;
    this.#beat = this.#clock.setTimeout(() => {
      this.#watch();
      if (this.#clock.now() - due >= BEAT) this.wake();
    }, BEAT);
  }

  #lost() {
    this.#drop()?.close();
    if (this.state.name === 'connected' && this.#clock.now() - this.#welcomedAt >= SETTLED) this.#attempts = 0;
    const wait = this.#wait();
    this.#attempts += 1;
    if (this.#enter({ name: 'waiting', retryAt: this.#clock.now() + wait, reason: this.#bye?.reason })) this.#after(wait, () => this.#dial());
  }

  // Half of every wait is chance, so that the clients of a server that went away do not all come back in the same instant.
  #wait() {
    if (this.#bye && this.#bye.wait >= 0) return Math.round(this.#bye.wait * (1 + this.#parts.random() / 2));
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts);
    return Math.round(longest / 2 * (1 + this.#parts.random()));
  }

  // Gives up the socket at once: close() on a dead link may take minutes to be heard, and what it still says is not for us any more.
  #drop() {
    this.#clock.clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = this.#pinged = this.latency = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  #after(ms, f) {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(f, Math.max(0, ms));
  }

  // False when who was told of the state has ended it: closed the link, or woke it.
  #enter(state) {
    this.state = state;
    this.#parts.changed(state);
    return this.state === state;
  }
}

function parse(line) {
  if (!line.trim()) return null;
  try {
    const frame = JSON.parse(line);
    return frame && typeof frame.type === 'string' ? frame : null;
  } catch {
    return null;  // one bad line must not take the others with it
  }
}
