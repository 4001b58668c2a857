// One WebSocket at a time, kept open for as long as the person wants to be connected. Knows how to greet, how to notice a dead link and when
// to try again; knows nothing of rooms or messages. Everything it needs from its surroundings (sockets, time, chance) is handed in, so that
// it runs outside a browser and its tests own the clock.

export const SUBPROTOCOL = 'chatbridge.v1';

const FIRST_WAIT = 500;       // back-off: doubles from here …
const LONGEST_WAIT = 30_000;  // … to here
const SETTLED = 10_000;       // a link that lasted this long was a good one: the back-off starts over
const OPENING = 10_000;       // from the first attempt to `welcome`
const SILENCE = 25_000;       // nothing heard for this long: ask
const ANSWER = 10_000;        // … and wait this long for any answer
const QUICK_ANSWER = 4_000;   // after waking up the person is looking, so a dead link must show soon
const FAREWELL = 5_000;       // from `bye` to the close

const realClock = {
  now: () => Date.now(),
  setTimeout: (f, ms) => setTimeout(f, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/**
 * State names: `offline` (stopped, by the person), `connecting`, `connected` (welcomed), `waiting` (until `retryAt`).
 */
export class Connection {
  #options; #clock; #random;
  #socket = null;
  #timer = null;       // the one deadline that counts in the present state
  #attempts = 0;
  #welcomedAt = 0;
  #bye = null;
  state = { name: 'offline' };

  /** hello(): the object to greet with; onFrame(object): every object the server sends; onState(state). */
  constructor({ url, hello, onFrame, onState = () => {}, WebSocket = globalThis.WebSocket, clock = realClock, random = Math.random }) {
    this.#options = { url, hello, onFrame, onState, WebSocket };
    this.#clock = clock;
    this.#random = random;
  }

  start() {
    if (this.state.name === 'offline') this.#connect();
  }

  /** Goes offline and stays there until start(). */
  stop() {
    const socket = this.#drop();
    socket?.close(1000);
    this.#attempts = 0;
    this.#enter({ name: 'offline' });
  }

  /** The network is back or the person is looking again: whatever was put off is done now. */
  wake() {
    if (this.state.name === 'waiting') this.#connect();
    else if (this.state.name === 'connected' && !this.#bye) this.#ask(QUICK_ANSWER);
  }

  /** False when there is nobody to send to; nothing is queued here. */
  send(object) {
    if (this.state.name !== 'connected') return false;
    this.#socket.send(JSON.stringify(object));
    return true;
  }

  #connect() {
    this.#drop();
    this.#bye = null;
    this.#enter({ name: 'connecting', attempt: this.#attempts });
    let socket;
    try {
      socket = new this.#options.WebSocket(this.#options.url, [SUBPROTOCOL]);
    } catch {
      this.#lost();
      return;
    }
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.#options.hello()));
    socket.onmessage = (event) => this.#hear(socket, event.data);
    socket.onclose = () => this.#lost();
    socket.onerror = () => {};  // a close follows and says the same
    this.#after(OPENING, () => this.#lost());
  }

  #hear(socket, data) {
    if (typeof data !== 'string') return;
    if (!this.#bye) this.#listen();
    for (const line of data.split('\n')) {
      if (socket !== this.#socket) return;  // a frame before this one in the same text made us stop
      const frame = parse(line);
      if (!frame) continue;
      if (frame.type === 'welcome') {
        this.#welcomedAt = this.#clock.now();
        this.#enter({ name: 'connected' });
        this.#listen();
      } else if (frame.type === 'bye') {
        this.#bye = { reason: String(frame.reason ?? ''), wait: Number(frame.retry_after_ms) };
        this.#after(FAREWELL, () => this.#lost());
      }
      this.#options.onFrame(frame);
    }
  }

  // A browser cannot see the pings of the WebSocket protocol, and a half-dead link gives no close for many minutes.
  #listen() {
    if (this.state.name === 'connected') this.#after(SILENCE, () => this.#ask(ANSWER));
  }

  #ask(deadline) {
    this.send({ type: 'ping' });
    this.#after(deadline, () => this.#lost());
  }

  #lost() {
    const socket = this.#drop();
    socket?.close();
    if (this.state.name === 'connected' && this.#clock.now() - this.#welcomedAt >= SETTLED) this.#attempts = 0;
    const wait = this.#wait();
    this.#attempts += 1;
    this.#enter({ name: 'waiting', retryAt: this.#clock.now() + wait, reason: this.#bye?.reason });
    this.#after(wait, () => this.#connect());
  }

  // Half of every wait is chance, so that the clients of a server that went away do not all come back in the same instant.
  #wait() {
    if (this.#bye && this.#bye.wait >= 0) return Math.round(this.#bye.wait * (1 + this.#random() / 2));
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts);
    return Math.round(longest / 2 * (1 + this.#random()));
  }

  // Gives up the socket at once: close() on a dead link may take minutes to be heard, and what it still says is not for us any more.
  #drop() {
    this.#clock.clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  #after(ms, f) {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(f, ms);
  }

  #enter(state) {
    this.state = state;
    this.#options.onState(state);
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
