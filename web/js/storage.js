// What outlives the page: the nick, the rooms, this tab's session and its outbox.
//
// Two tabs are two people, so session and outbox belong to a tab. The outbox lies in localStorage all the same, because what lies in
// sessionStorage goes with the tab, and with it what was typed. Each tab keeps a record there; the record of a tab that was closed, or has not
// been heard of for long, is taken over by the next tab without a session: same session, same ids, so nothing is sent twice.

const PREFIX = 'chatbridge.';
const OUTBOX = `${PREFIX}outbox.`;
const DIRECTS = `${PREFIX}directs.`;
const STALE = 90_000;     // browsers let a hidden tab's timers run once a minute
const GRACE = 60_000;     // a closed tab's session without messages is worth keeping as long as the server keeps its nick

export class Storage {
  #local; #session; #now; #tab; #items = [];

  /** local, session: functions, since even to name the browser's storage may throw. */
  constructor({ local, session, now = () => Date.now(), newId }) {
    this.#local = guarded(local);
    this.#session = guarded(session);
    this.#now = now;
    this.#tab = this.#session.get(`${PREFIX}tab`);
    // A duplicated tab is born with a copy of the other's name.
    if (!this.#tab || this.#inUse(this.#record(OUTBOX + this.#tab))) {
      this.#tab = newId();
      this.#session.set(`${PREFIX}tab`, this.#tab);
    }
    this.session = this.#session.get(`${PREFIX}session`);
    this.#items = this.#record(OUTBOX + this.#tab)?.items ?? [];
    this.#items.push(...this.takeOver());
    this.beat();
  }

  /** The outbox this tab starts with. */
  get items() { return this.#items; }

  saveItems(items) {
    this.#items = items;
    this.beat();
  }

  saveSession(session) {
    this.session = session;
    this.#session.set(`${PREFIX}session`, session);
    this.beat();
  }

  /** Says that this tab is there; call it more often than every 90 s. */
  beat() { this.#write(true); }

  /** This tab is going away; what it has may be taken over. */
  release() { this.#write(false); }

  /** Messages of tabs that are gone and had the session of this one, or any when this one has none yet. */
  takeOver() {
    const items = [];
    for (const key of this.#local.keys().filter((name) => name.startsWith(OUTBOX) && name !== OUTBOX + this.#tab)) {
      const record = this.#record(key);
      if (this.#inUse(record)) continue;
      const useful = record && (record.items.length > 0 || this.#now() - record.seen < GRACE);
      if (useful && this.session && record.session !== this.session) continue;
      this.#local.remove(key);
      if (!useful) continue;
      if (!this.session && record.session) {
        this.session = record.session;
        this.#session.set(`${PREFIX}session`, record.session);
      }
      // A direct message must not go out twice, and a tab that only slept has still got it: its writer decides.
      items.push(...record.items.map((item) => (item?.to === undefined ? item : { ...item, written: true })));
    }
    return items;
  }

  /** null before the first visit; '' for someone who would rather be a guest. */
  get nick() { return this.#session.get(`${PREFIX}nick`) ?? this.#local.get(`${PREFIX}nick`); }
  set nick(nick) {
    this.#session.set(`${PREFIX}nick`, nick);
    this.#local.set(`${PREFIX}nick`, nick);
  }

  /** What was said in private, which no server keeps: as long as this tab, past reloads of it. A duplicate of the tab begins without. */
  get directs() { return decode(this.#session.get(DIRECTS + this.#tab)); }
  set directs(directs) { this.#session.set(DIRECTS + this.#tab, JSON.stringify(directs)); }

  get rooms() { return strings(decode(this.#local.get(`${PREFIX}rooms`))); }
  set rooms(rooms) { this.#local.set(`${PREFIX}rooms`, JSON.stringify(rooms)); }

  #write(open) {
    this.#local.set(OUTBOX + this.#tab, JSON.stringify({ session: this.session, items: this.#items, seen: this.#now(), open }));
  }

  #record(key) {
    const record = decode(this.#local.get(key));
    return record && Array.isArray(record.items) ? record : null;
  }

  #inUse(record) { return Boolean(record?.open) && this.#now() - record.seen < STALE; }
}

function decode(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function strings(value) {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

// Storage may be forbidden, absent or full. Then what was to be kept is kept for as long as the page is open.
function guarded(storage) {
  const memory = new Map();
  const attempt = (f, otherwise) => {
    try {
      return f() ?? otherwise;
    } catch {
      return otherwise;
    }
  };
  return {
    get: (key) => memory.get(key) ?? attempt(() => storage().getItem(key), null),
    set(key, value) {
      memory.delete(key);
      try {
        storage().setItem(key, value);
      } catch {
        memory.set(key, value);
      }
    },
    remove(key) {
      memory.delete(key);
      attempt(() => storage().removeItem(key), null);
    },
    keys() {
      const stored = attempt(() => Array.from({ length: storage().length }, (_, i) => storage().key(i)), []);
      return [...new Set([...memory.keys(), ...stored])];
    },
  };
}
