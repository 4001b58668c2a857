// What outlives the program, in a storage like localStorage. It may be forbidden or full: then it lasts as long as the program.

export class Keep {
  #storage; #prefix;

  constructor(storage, prefix) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  get session() { return this.#load('session'); }
  set session(id) { this.#save('session', () => id); }

  get outbox() {
    try {
      const items = JSON.parse(this.#load('outbox'));
      return Array.isArray(items) ? items : [];
    } catch {
      return [];
    }
  }

  /** items(): asked only when there is somewhere to keep them. */
  saveOutbox(items) { this.#save('outbox', () => JSON.stringify(items())); }

  #load(name) {
    try {
      return this.#storage?.getItem(`${this.#prefix}.${name}`) ?? null;
    } catch {
      return null;
    }
  }

  #save(name, value) {
    try {
      this.#storage?.setItem(`${this.#prefix}.${name}`, value());
    } catch { /* see above */ }
  }
}
