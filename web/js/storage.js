// What outlives the page: the nick, the rooms, the session and what was written.
//
// The tabs of a browser are one person: one session and one nick, in localStorage. Each tab has an outbox of its own. It lies in localStorage
// all the same, because what lies in sessionStorage goes with the tab, and with it what was typed. Each tab keeps a record there; the record of
// a tab that was closed, or has not been heard of for long, is taken over by another: same session, same ids, so nothing is sent twice.

const SESSION = 'chatbridge.session';
const OUTBOX = 'chatbridge.outbox';
const NICK = 'chatbridge.nick';
const ROOMS = 'chatbridge.rooms';
const TAB = 'chatbridge.tab';
const DIRECTS = 'chatbridge.directs';
const READ = 'chatbridge.read';
const STALE = 90_000;     // browsers let a hidden tab's timers run once a minute
const RELOAD = 10_000;    // a tab that was closed may be back in a moment

export class Storage {
  #local; #session; #now; #tab; #items;
  #before = null;      // the tab whose name this one had

  /** local, session: functions, since even to name the browser's storage may throw. */
  constructor({ local, session, now = () => Date.now(), newId }) {
    this.#local = guarded(local);
    this.#session = guarded(session);
    this.#now = now;
    this.#tab = this.#session.get(TAB);
    // A duplicated tab is born with a copy of the other's name, and one that crashed finds its own in use.
    if (!this.#tab || this.#inUse(this.#recordOf(this.#tab))) {
      this.#before = this.#tab;
      this.#tab = newId();
      this.#session.set(TAB, this.#tab);
    }
    this.#items = [...this.#recordOf(this.#tab)?.items ?? [], ...this.takeOver(0)];
    this.beat();
  }

  /** What the client asks for: the session of all tabs, the outbox of this one. */
  getItem(name) {
    if (name === SESSION) return this.#local.get(SESSION) ?? this.#session.get(SESSION);
    return name === OUTBOX ? JSON.stringify(this.#items) : null;
  }

  setItem(name, value) {
    if (name === SESSION) {
      this.#local.set(SESSION, value);
      this.#session.set(SESSION, value);  // when the other one is full, a reload finds it here
    } else if (name === OUTBOX) {
      this.#items = JSON.parse(value);
      this.beat();
    }
  }

  /** Says that this tab is there; call it more often than every 90 s. */
  beat() { this.#write(true); }

  /** This tab is going away; what it has may be taken over. */
  release() { this.#write(false); }

  /** Messages of tabs that are gone for longer than this. */
  takeOver(ms = RELOAD) {
    const items = [];
    for (const key of this.#local.keys().filter((name) => name.startsWith(`${OUTBOX}.`) && name !== `${OUTBOX}.${this.#tab}`)) {
      const record = this.#record(key);
      if (this.#inUse(record) || (record && this.#now() - record.seen < ms)) continue;
      this.#local.remove(key);
      // A direct message must not go out twice, and a tab that only slept has still got it: its writer decides.
      items.push(...(record?.items ?? []).map((item) => (item.to === undefined ? item : { ...item, written: true })));
    }
    return items;
  }

  /** null before the first visit; '' for someone who would rather be a guest. */
  get nick() { return this.#local.get(NICK); }
  set nick(nick) { this.#local.set(NICK, nick); }
  get nickKey() { return NICK; }

  get rooms() { return strings(decode(this.#local.get(ROOMS))); }
  set rooms(rooms) { this.#local.set(ROOMS, JSON.stringify(rooms)); }

  /** {room: {epoch, seq}}: how far each was read, in whichever tab. */
  get read() {
    const read = decode(this.#local.get(READ));
    return read && typeof read === 'object' ? read : {};
  }

  /** Of rooms that nobody is in any more it is forgotten. */
  saveRead(marks) {
    const kept = this.read;
    const names = new Set([...this.rooms, ...Object.keys(marks)]);
    const further = (one, other) => (one && (!other || (one.epoch === other.epoch && one.seq > other.seq)) ? one : other);
    this.#local.set(READ, JSON.stringify(Object.fromEntries([...names].map((name) => [name, further(kept[name], marks[name])]))));
  }

  /** What was said in private, which no server keeps: as long as this tab, past reloads of it. */
  get directs() { return decode(this.#session.get(`${DIRECTS}.${this.#tab}`) ?? this.#session.get(`${DIRECTS}.${this.#before}`)); }
  set directs(directs) {
    this.#session.set(`${DIRECTS}.${this.#tab}`, JSON.stringify(directs));
    this.#session.remove(`${DIRECTS}.${this.#before}`);
  }

  #write(open) {
    this.#local.set(`${OUTBOX}.${this.#tab}`, JSON.stringify({ items: this.#items, seen: this.#now(), open }));
  }

  #recordOf(tab) { return this.#record(`${OUTBOX}.${tab}`); }

  #record(key) {
    const record = decode(this.#local.get(key));
    return record && Array.isArray(record.items) ? { ...record, items: record.items.filter((item) => item && typeof item === 'object') } : null;
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

/** A BroadcastChannel; null where there is none, or where it is forbidden as storage is. */
export function channel(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}

// Storage may be forbidden, absent or full. Then what was to be kept is kept for as long as the page is open.
export function guarded(storage) {
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
