// The list of messages: brings rows onto the page, and keeps the reader's place.

import { $, arrange, element, setText } from './view.js';
import { makeRow, spellOut, updateRow } from './view-message.js';
import * as texts from './texts.js';

const NEAR = 48;  // this close to the end, the reader is at the end

export class LogView {
  #made = new Map();     // key -> element
  #place = null;
  #atEnd = true;
  #missed = 0;           // what came while the reader was further up
  #top = 0;

  /** on: {older(), retry(id), edit(id), discard(id)} */
  constructor(on) {
    this.log = $('log');
    $('older').onclick = () => on.older();
    $('jump').onclick = () => this.toEnd();
    this.log.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.log.addEventListener('click', (event) => {
      const action = event.target.closest('button')?.dataset.action;
      if (action) on[action](event.target.closest('.message').dataset.id);
    });
    this.log.addEventListener('pointerover', ({ target }) => { if (target.matches('time')) spellOut(target); }, { passive: true });
    // The frame changes with the keyboard of a phone and with a growing text box: whoever was at the end stays there.
    new ResizeObserver(() => { if (this.#atEnd) this.#scroll(this.log.scrollHeight); }).observe(this.log);
  }

  get atEnd() { return this.#atEnd; }

  toEnd() {
    this.#atEnd = true;
    this.#missed = 0;
    this.#showJump();
    this.#scroll(this.log.scrollHeight);
    this.log.focus({ preventScroll: true });
  }

  /** The reader wrote something and wants to see it. */
  follow() { this.#atEnd = true; }

  /** place: a room or a conversation, or null; empty: [title, hint] for when it has no rows. */
  render({ place, rows, older, loading, connected, empty }) {
    if (place !== this.#place) this.#reset(place);
    const anchor = this.#atEnd ? null : this.#anchor();
    const before = this.#made;
    const last = $('list').lastChild;
    this.#made = new Map(rows.map((row) => [row.key, before.get(row.key) ?? makeRow(row)]));
    const elements = [...this.#made.values()];
    const grewBelow = last !== null && elements.at(-1) !== last;
    const came = rows.filter((row) => row.kind === 'message' && !row.own && !before.has(row.key)).length;
    arrange($('list'), elements, (made, index) => updateRow(made, rows[index], connected));

    $('older').hidden = !older;
    $('older').disabled = loading;
    this.#showEmpty(rows.length === 0 ? empty : null);
    if (this.#atEnd) {
      this.#scroll(this.log.scrollHeight);
      this.#missed = 0;
    } else {
      if (anchor?.element.isConnected) this.#scroll(this.log.scrollTop + anchor.element.offsetTop - anchor.offset);
      if (grewBelow) this.#missed += came;
    }
    this.#showJump();
  }

  #reset(place) {
    this.#place = place;
    this.#made.clear();
    this.#atEnd = true;
    this.#missed = 0;
    $('list').replaceChildren();
  }

  // The first message in sight holds its place while rows come above it; a day line may not be there any more then. (Browsers differ in doing
  // this by themselves, so it is switched off there.)
  #anchor() {
    const top = this.log.scrollTop;
    for (const child of $('list').children) {
      if (child.matches('.message') && child.offsetTop + child.offsetHeight > top) return { element: child, offset: child.offsetTop };
    }
    return null;
  }

  #scroll(top) {
    this.log.scrollTop = top;
    this.#top = this.log.scrollTop;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    const end = scrollHeight - scrollTop - clientHeight < NEAR;
    // Only a reader moves up; being left behind by new rows is no wish to stay.
    if (end) this.#atEnd = true;
    else if (scrollTop < this.#top) this.#atEnd = false;
    this.#top = scrollTop;
    if (end) this.#missed = 0;
    this.#showJump();
  }

  #showJump() {
    const jump = $('jump');
    jump.hidden = this.#missed === 0;
    if (this.#missed) setText(jump, texts.jump(this.#missed));
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
