// The list of messages: brings rows onto the page, and keeps the reader's place. However much there is, only what is near the reader is on the
// page (some 180 items at most); room is left for the rest above and below.

import { Heights } from './heights.js';
import { firstNew, rows } from './rows.js';
import { $, arrange, element, setText } from './view.js';
import { makeRow, spellOut, updateRow } from './view-message.js';
import * as texts from './texts.js';

const NEAR = 48;            // px: who comes this close to the end goes along with it
const AT = 2;               // px: of who went up a little the same is true this close
const STEP = 60;            // so many items come onto the page at once
const FOLLOWED = 60;        // to twice as many are on it for a reader at the end
const MOST = 180;           // … for one who is not, on a screen of usual height
const MOST_SELECTED = 2_000;  // … while some of it is selected: what is taken away is no longer selected
const LEAST_HEIGHT = 20;    // px of an item
const MARGIN = 600;       // px above and below what is in sight that are on the page
const AHEAD = 1.5;          // screens from the top, older messages are asked for
const NOTHING = { place: null, entries: [], outgoing: [], top: null, line: null };

export class LogView {
  #shown = NOTHING;
  #made = new Map();        // key -> element
  #rows = [];               // on the page
  #from = 0;                // items on the page: [from, to) of entries and outgoing
  #to = 0;
  #heights = new Heights();
  #before = element('div', 'room-for');
  #after = element('div', 'room-for');
  #atEnd = true;
  #hold = null;             // {element, end}: the message at the upper edge of what is in sight, and where it ends: its name goes when older come
  #line = null;             // the line "new" that was shown last
  #seen = undefined;        // the last entry that was in sight
  #asked = undefined;       // the entry at the top when older ones were asked for last
  #top = 0;
  #width = 0;

  /**
   * shown(): {place, entries, outgoing, self, top, line, connected, empty}: place: a room or a conversation, or null; empty: [title, hint] for when
   * there is nothing; the rest is what rows() takes. on: {older(), retry(id), edit(id), discard(id)}
   */
  constructor(shown, on) {
    this.source = shown;
    this.on = on;
    this.log = $('log');
    this.list = $('list');
    this.list.before(this.#before);
    this.list.after(this.#after);
    $('jump').onclick = () => this.toEnd();
    // The browser would go to where the end was when the key was pressed.
    this.log.addEventListener('keydown', (event) => {
      if (event.key !== 'End' || event.target !== this.log) return;
      event.preventDefault();
      this.toEnd();
    });
    this.log.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.log.addEventListener('click', (event) => {
      const action = event.target.closest('button')?.dataset.action;
      if (action) on[action](event.target.closest('.message')?.dataset.id);
      else this.#grown();
    });
    this.log.addEventListener('pointerover', ({ target }) => { if (target.matches('time')) spellOut(target); }, { passive: true });
    new ResizeObserver(() => this.#resized()).observe(this.log);
  }

  get atEnd() { return this.#atEnd; }

  toEnd() {
    this.#atEnd = true;
    this.render();
    this.log.focus({ preventScroll: true });
  }

  /** The reader wrote something and wants to see it. */
  follow() { this.#atEnd = true; }

  render() {
    const shown = this.source();
    if (shown.place !== this.#shown.place) this.#reset();
    this.#shown = shown;
    this.#showEmpty(this.#count === 0 ? shown.empty : null);
    if (!this.#land()) this.#update();
  }

  get #count() { return this.#shown.entries.length + this.#shown.outgoing.length; }
  get #most() { return Math.max(this.#isSelecting() ? MOST_SELECTED : MOST, Math.ceil((this.log.clientHeight + 2 * MARGIN) / LEAST_HEIGHT)); }

  #reset() {
    this.#made.clear();
    this.#rows = [];
    this.#atEnd = true;
    this.#hold = this.#line = null;
    this.#seen = this.#asked = undefined;
    this.list.replaceChildren();
  }

  #update() {
    this.#choose();
    this.#draw();
    this.#cover();
    this.#askOlder();
  }

  // What was unread is shown from its beginning, once, if it is more than fits. Who has written since wants to see that.
  #land() {
    const { line, entries, outgoing } = this.#shown;
    if (line === this.#line) return false;
    this.#line = line;
    const at = line && this.#atEnd ? firstNew(entries, line) : -1;
    const isWriting = outgoing.some(({ state }) => state !== 'failed') || entries.findLastIndex(({ mine }) => mine) >= at;
    if (at < 0 || isWriting) return false;
    this.#from = Math.max(0, at - STEP);
    this.#to = Math.min(this.#count, this.#from + this.#most);
    this.#draw();
    const above = this.#made.get('new').getBoundingClientRect().top - this.log.getBoundingClientRect().top;
    if (above >= 0 && this.#to === this.#count) return false;
    this.#atEnd = false;
    this.#seen = entries[at - 1];
    this.#scroll(this.log.scrollTop + above - this.log.clientHeight / 8);
    this.#look();
    this.#cover();
    this.#askOlder();
    return true;
  }

  // The items on the page stay, whatever came or went above and below them.
  #choose() {
    const { entries } = this.#shown;
    const most = this.#most;
    if (this.#atEnd) {
      const first = this.#indexOf(this.#rows[0]?.item);
      const kept = this.#isSelecting() ? most : 2 * FOLLOWED;
      this.#from = first >= 0 && this.#count - first <= kept ? first : Math.max(0, this.#count - FOLLOWED);
      this.#to = this.#count;
      return;
    }
    const size = this.#to - this.#from;
    const kept = this.#rows.find((row) => this.#indexOf(row.item) >= 0);
    const from = kept ? this.#indexOf(kept.item) : entries.length;
    this.#from = Math.max(0, Math.min(from, this.#count - size));
    this.#to = Math.min(this.#count, this.#from + Math.max(size, Math.min(most, FOLLOWED)));
  }

  #draw() {
    const made = this.#made;
    this.#rows = rows(this.#shown, this.#from, this.#to);
    this.#made = new Map(this.#rows.map((row) => [row.key, made.get(row.key) ?? makeRow(row)]));
    const focused = this.list.contains(document.activeElement);
    arrange(this.list, [...this.#made.values()], (target, index) => updateRow(target, this.#rows[index], this.#shown));
    if (focused && !this.list.contains(document.activeElement)) this.log.focus({ preventScroll: true });
    this.#leaveRoom();
    this.#keepPlace();
    this.#measure();
    this.#look();
  }

  #leaveRoom() {
    const { entries } = this.#shown;
    this.#before.style.height = `${this.#heights.above(entries, Math.min(this.#from, entries.length))}px`;
    this.#after.style.height = `${this.#heights.below(entries, Math.min(this.#to, entries.length))}px`;
  }

  #keepPlace() {
    if (this.#atEnd) this.#scroll(this.log.scrollHeight);
    else if (this.#hold?.element.isConnected) {
      const moved = this.#endOf(this.#hold.element) - this.#hold.end;
      if (Math.abs(moved) >= 0.5) this.#scroll(this.log.scrollTop + moved);
    }
  }

  #measure() {
    if (this.#rows.every(({ item }) => this.#heights.has(item))) return;
    const elements = this.list.children;
    let [item, top] = [null, 0];
    this.#rows.forEach((row, i) => {
      if (row.item === item) return;
      const next = elements[i].getBoundingClientRect().top;
      if (item) this.#heights.set(item, next - top);
      [item, top] = [row.item, next];
    });
    if (item) this.#heights.set(item, elements[elements.length - 1].getBoundingClientRect().bottom - top);
  }

  // More onto the page where the reader comes near the border of what is on it; all of it elsewhere, when they jumped out of it.
  #cover() {
    for (let round = 0; round < 4; round += 1) {
      const edge = this.log.getBoundingClientRect();
      const list = this.list.getBoundingClientRect();
      const most = this.#most;
      if (this.#from < this.#to && (list.top > edge.bottom || list.bottom < edge.top) && this.#count > this.#to - this.#from) {
        const at = this.#heights.find(this.#shown.entries, this.log.scrollTop);
        this.#hold = null;
        this.#from = Math.max(0, Math.min(at, this.#count) - STEP);
        this.#to = Math.min(this.#count, this.#from + Math.min(most, FOLLOWED + STEP));
      } else if (list.top > edge.top - MARGIN && this.#from > 0) {
        this.#from = Math.max(0, this.#from - STEP);
        this.#to = Math.min(this.#to, this.#from + most);
      } else if (list.bottom < edge.bottom + MARGIN && this.#to < this.#count) {
        this.#to = Math.min(this.#count, this.#to + STEP);
        this.#from = Math.max(this.#from, this.#to - most);
      } else return;
      this.#draw();
    }
  }

  #askOlder() {
    const { top, entries, connected } = this.#shown;
    const button = this.#made.get('top');
    if (top?.state !== 'older' || !connected || !button || entries[top.index] === this.#asked) return;
    if (this.#topOf(button) < -AHEAD * this.log.clientHeight) return;
    this.#asked = entries[top.index];
    this.on.older();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    const left = scrollHeight - scrollTop - clientHeight;
    // Only a reader moves up; being left behind by new rows is no wish to stay.
    if (left < (scrollTop < this.#top ? AT : NEAR)) this.#atEnd = true;
    else if (scrollTop < this.#top) {
      this.#atEnd = false;
      this.#asked = undefined;
    }
    this.#top = scrollTop;
    this.#moved();
    this.#askOlder();
  }

  // The frame changes with the keyboard of a phone and with a growing text box: whoever was at the end stays there, others at their message.
  #resized() {
    if (this.log.clientWidth !== this.#width) this.#heights.forget();
    this.#width = this.log.clientWidth;
    this.#keepPlace();
    this.#moved();
  }

  // A message may have become longer under the reader's hand. It is read from where it stands.
  #grown() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    if (scrollHeight - scrollTop - clientHeight > NEAR) this.#atEnd = false;
    this.#look();
  }

  // Between two renderings something else may be there already.
  #moved() {
    const shown = this.source();
    if (shown.place !== this.#shown.place) return;
    this.#look();
    this.#shown = shown;
    this.#choose();
    this.#cover();
  }

  // Notes what is in sight: the message at the upper edge, and the last one.
  #look() {
    const { children } = this.list;
    let first = this.#firstBelow(0);
    while (children[first] && !children[first].matches('.message')) first += 1;
    this.#hold = children[first] ? { element: children[first], end: this.#endOf(children[first]) } : null;
    const last = this.#atEnd ? this.#count : this.#indexOf(this.#rows[this.#firstBelow(this.log.clientHeight) - 1]?.item);
    if (last >= this.#indexOf(this.#seen)) this.#seen = this.#shown.entries[Math.min(last, this.#shown.entries.length - 1)];
    this.#showJump();
  }

  // The first child whose lower edge is further down than this, from the upper edge of the log.
  #firstBelow(distance) {
    const { children } = this.list;
    const edge = this.log.getBoundingClientRect().top + distance;
    let [low, high] = [0, children.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (children[middle].getBoundingClientRect().bottom > edge) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #endOf(child) { return child.getBoundingClientRect().bottom - this.log.getBoundingClientRect().top; }
  #topOf(child) { return child.getBoundingClientRect().top - this.log.getBoundingClientRect().top; }
  #indexOf(item) { return item === undefined ? -1 : this.#shown.entries.indexOf(item); }

  #isSelecting() {
    const selection = getSelection();
    return !selection.isCollapsed && this.list.contains(selection.anchorNode);
  }

  #scroll(top) {
    this.log.scrollTop = top;
    this.#top = this.log.scrollTop;
  }

  #showJump() {
    const jump = $('jump');
    const { scrollHeight, scrollTop, clientHeight } = this.log;
    const missed = this.#atEnd ? 0 : this.#missed();
    jump.hidden = this.#atEnd || (missed === 0 && scrollHeight - scrollTop < 2 * clientHeight);
    if (!jump.hidden) setText(jump, texts.jump(missed));
  }

  #missed() {
    const { entries, self } = this.#shown;
    let missed = 0;
    for (let i = entries.length - 1; i >= 0 && entries[i] !== this.#seen; i -= 1) {
      const { kind, own, mine, nick } = entries[i];
      if (kind === 'message' && !(own ?? (mine || nick === self))) missed += 1;
    }
    return missed;
  }

  #showEmpty(sentences) {
    const target = $('empty');
    target.hidden = !sentences;
    if (!sentences) return;
    const [title, hint] = sentences;
    if (target.querySelector('.empty-title')?.textContent === title) return;
    target.replaceChildren(
      element('span', 'mark big', { 'aria-hidden': 'true' }),
      element('p', 'empty-title', {}, title),
      element('p', '', {}, hint));
  }
}
