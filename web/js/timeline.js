// What a reader of one room sees from top to bottom, and the order in it: by number where there is one; what has none stays where it was in time.
// Nearly everything comes at one of the two ends, and costs the same however much is there.

export class Timeline {
  entries = [];
  epoch = null;
  start = 0;           // where the present numbering begins in `entries`
  #highest = -Infinity;  // number of the present numbering
  #keys = 0;

  /** Below everything, without a number. */
  push(entry) { return this.#insert(this.entries.length, entry); }

  /** By its number in the present numbering. */
  place(entry) {
    const at = entry.seq > this.#highest ? this.entries.length : this.#find(entry.seq);
    this.#highest = Math.max(this.#highest, entry.seq);
    return this.#insert(at, entry);
  }

  /** Many at once: history, which is older than all that is there. */
  placeAbove(list) {
    const { lowest } = this;
    const sorted = list.filter((entry) => !this.has(entry.seq)).sort((a, b) => a.seq - b.seq);
    const above = lowest === null ? [] : sorted.filter((entry) => entry.seq < lowest);
    this.entries.splice(this.start, 0, ...above.map((entry) => this.#named(entry)));
    for (const entry of sorted.slice(above.length)) this.place(entry);
  }

  has(seq) {
    if (seq > this.#highest) return false;
    const found = this.entries[this.#find(seq)];
    return found?.seq === seq && found.kind === 'message';
  }

  /** A gap that has numbers in common with these, or undefined. */
  gapAt(from, to) {
    const next = this.#find(from);
    let before = next - 1;
    while (before >= this.start && this.entries[before].seq === undefined) before -= 1;
    return [before, next].filter((at) => at >= this.start).map((at) => this.entries[at])
      .find((entry) => entry?.kind === 'gap' && from <= entry.to && to >= entry.from);
  }

  /** The highest number of the present numbering, or -Infinity. */
  get highest() { return this.#highest; }

  /** The number of the first message of the present numbering, or null. */
  get lowest() {
    for (let i = this.start; i < this.entries.length; i += 1) if (this.entries[i].kind === 'message') return this.entries[i].seq;
    return null;
  }

  /** From here on numbers are others. */
  begin(epoch) {
    if (this.epoch !== null && this.entries.some((entry) => entry.kind === 'message')) this.push({ kind: 'epoch' });
    this.epoch = epoch;
    this.start = this.entries.length;
    this.#highest = -Infinity;
  }

  /** Takes the oldest away. */
  cut(count) {
    this.entries.splice(0, count);
    this.start = Math.max(0, this.start - count);
  }

  // The first place in the present numbering whose entry has this number or a higher one; the end when there is none.
  #find(seq) {
    const { entries } = this;
    let low = this.start;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      let at = middle;
      while (at < high && entries[at].seq === undefined) at += 1;
      if (at < high && entries[at].seq < seq) low = at + 1;
      else high = middle;
    }
    while (low < entries.length && entries[low].seq === undefined) low += 1;
    return low;
  }

  #insert(at, entry) {
    this.entries.splice(at, 0, this.#named(entry));
    return entry;
  }

  #named(entry) {
    entry.key ??= `e${this.#keys += 1}`;
    return entry;
  }
}
