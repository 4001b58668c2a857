// What somebody wants to be told, and how. Read anew each time it is asked for, so that all tabs agree. Off until asked for.

export const KEY = 'chatbridge.alerts';
const MOST_MUTED = 500;

export class Preferences {
  #store;

  /** store: {get(key), set(key, value)} that never throw. */
  constructor(store) { this.#store = store; }

  get desktop() { return this.#read().desktop === true; }
  set desktop(on) { this.#write({ desktop: on }); }

  get sound() { return this.#read().sound === true; }
  set sound(on) { this.#write({ sound: on }); }

  get muted() {
    const { muted } = this.#read();
    return Array.isArray(muted) ? muted : [];
  }

  isMuted(place) { return this.muted.includes(place); }

  mute(place, on) {
    const others = this.muted.filter((each) => each !== place);
    this.#write({ muted: on ? [...others, place].slice(-MOST_MUTED) : others });
  }

  /** A conversation has another key now. */
  move(from, to) {
    if (!this.isMuted(from)) return;
    this.mute(from, false);
    this.mute(to, true);
  }

  #read() {
    try {
      return JSON.parse(this.#store.get(KEY)) ?? {};
    } catch {
      return {};
    }
  }

  #write(changed) { this.#store.set(KEY, JSON.stringify({ ...this.#read(), ...changed })); }
}
