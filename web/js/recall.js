// What this person has written, place by place, to have it again: older and newer ones, and at the end what stood in the box. What is changed on
// the way is kept until something is sent. Pure state, and gone with the page.

const MOST = 50;         // texts a place
const MOST_PLACES = 50;
const LONGEST = 20_000;  // UTF-16 units

export class Recall {
  #places = new Map();   // place -> {texts, at, changed: Map(at -> text)}; at === texts.length: the draft

  /** Something was sent. What stood in the box before something older was taken up: '' when it was this itself. */
  wrote(place, text) {
    const { texts, at, changed } = this.#of(place);
    const draft = at < texts.length ? changed.get(texts.length) ?? '' : '';
    this.#places.delete(place);
    const kept = texts.at(-1) === text || !text.trim() || text.length > LONGEST ? texts : [...texts, text].slice(-MOST);
    this.#places.set(place, { texts: kept, at: kept.length, changed: new Map() });
    if (this.#places.size > MOST_PLACES) this.#places.delete(this.#places.keys().next().value);
    return draft;
  }

  /** by: -1 older, 1 newer; now: what stands in the box. null: there is none. */
  step(place, by, now) {
    const known = this.#of(place);
    const to = known.at + by;
    if (to < 0 || to > known.texts.length) return null;
    known.changed.set(known.at, now);
    known.at = to;
    return known.changed.get(to) ?? known.texts[to] ?? '';
  }

  /** A conversation has another key now. */
  move(from, to) {
    const known = this.#places.get(from);
    if (known) this.#places.set(to, known);
    this.#places.delete(from);
  }

  #of(place) {
    if (!this.#places.has(place)) this.#places.set(place, { texts: [], at: 0, changed: new Map() });
    return this.#places.get(place);
  }
}
