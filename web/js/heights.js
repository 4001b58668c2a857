// How high the items of a long list are on the page: measured for those that have been on it, for the others the average of these. What lies above
// and below those that are on the page is kept as a sum, and only what has changed is added up again. Free of the page.

const FIRST_GUESS = 40;  // px

export class Heights {
  #of = new WeakMap();
  #sum = 0;
  #count = 0;
  #guess = { height: FIRST_GUESS, count: 0 };
  #above = null;  // of the items before one of them: {index, item, known, unknown}
  #below = null;  // of the items from one of them on: the same, and the length of the list then

  /** The page has another width now: nothing of it is true any more. */
  forget() {
    this.#of = new WeakMap();
    this.#sum = this.#count = this.#guess.count = 0;
    this.#above = this.#below = null;
  }

  has(item) { return this.#of.has(item); }

  /** Of an item that is on the page. */
  set(item, height) {
    if (this.has(item)) this.#sum -= this.#of.get(item);
    else this.#count += 1;
    this.#of.set(item, height);
    this.#sum += height;
    // The guess changes ever more rarely: with each change all that is above the reader moves.
    if (this.#count >= 2 * this.#guess.count) this.#guess = { height: this.#sum / this.#count, count: this.#count };
  }

  get average() { return this.#guess.height; }

  /** Of all before this one together. */
  above(items, index) {
    const last = this.#above;
    const begin = last && items[last.index] === last.item ? last : { index: 0, known: 0, unknown: 0 };
    this.#above = this.#moved(begin, items, index, 1);
    return this.#total(this.#above);
  }

  /** Of this one and all after it together. */
  below(items, index) {
    const last = this.#below;
    const fits = last && items.length >= last.length && items[last.index] === last.item;
    const begin = fits ? this.#moved({ ...last, index: last.length }, items, items.length, 1) : { index: items.length, known: 0, unknown: 0 };
    this.#below = this.#moved({ ...begin, index: fits ? last.index : items.length }, items, index, -1);
    return this.#total(this.#below);
  }

  /** Which item stands so far down; the last one when none does. */
  find(items, distance) {
    const { average } = this;
    let rest = distance;
    let at = 0;
    for (; at < items.length - 1; at += 1) {
      rest -= this.#of.get(items[at]) ?? average;
      if (rest < 0) break;
    }
    return at;
  }

  // The sum when its border moves to another item; sign: 1 when items before the border are in it, -1 when those after it are.
  #moved({ index: from, known, unknown }, items, to, sign) {
    const step = from < to ? sign : -sign;
    const sum = { index: to, item: items[to], length: items.length, known, unknown };
    for (let i = Math.min(from, to); i < Math.max(from, to); i += 1) {
      const height = this.#of.get(items[i]);
      if (height === undefined) sum.unknown += step;
      else sum.known += step * height;
    }
    return sum;
  }

  #total({ known, unknown }) { return Math.max(0, known + unknown * this.average); }
}
