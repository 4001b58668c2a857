// The box one writes in. Enter sends, Shift+Enter breaks the line; where the keyboard is on the screen, Enter breaks it and the button sends.
// Ctrl+Enter sends everywhere. Up and Down at the first and last line bring back what was written before.

import { Recall } from './recall.js';
import { room } from './lengths.js';
import { PasteBar } from './view-paste.js';
import { Suggestions } from './view-suggestions.js';
import { $, set, setText } from './view.js';
import * as texts from './texts.js';

const TALLEST = 0.35;  // of the window
const onScreen = matchMedia('(hover: none) and (pointer: coarse)');

export class Composer {
  #place = null;
  #recall = new Recall();

  /**
   * on: {send(text): false when the text should stay in the box; several(pieces): the same; typed(text): by the person's own hand; sources(): for
   * suggest(); limits()}. drafts: Drafts.
   */
  constructor(on, drafts) {
    this.on = on;
    this.drafts = drafts;
    this.box = $('message');
    this.suggestions = new Suggestions(this.box, on.sources, () => this.#changed());
    this.paste = new PasteBar(this.box, { limits: on.limits, one: () => this.#submit(), several: (pieces) => this.#submit(pieces) });
    this.box.addEventListener('input', ({ isComposing }) => {
      this.#changed();
      this.paste.typed();
      if (!isComposing) this.suggestions.typed();
      on.typed(this.text);
    });
    this.box.addEventListener('compositionend', () => this.suggestions.typed());
    this.box.addEventListener('blur', () => this.suggestions.close());
    this.box.addEventListener('keydown', (event) => { if (this.#pressed(event)) event.preventDefault(); });
    $('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
      this.box.focus();
    });
    onScreen.onchange = () => this.#keyboard();
    this.#keyboard();
  }

  get text() { return this.box.value; }

  set text(text) {
    this.box.value = text;
    this.paste.close();
    this.suggestions.close();
    this.#changed();
  }

  /** Another place, with what was begun there. */
  enter(place) {
    if (place === this.#place) return;
    this.#place = null;   // what stands in the box is kept already
    this.text = this.drafts.get(place);
    this.#place = place;
  }

  /** A conversation has another key now. */
  move(from, to) {
    this.drafts.move(from, to);
    this.#recall.move(from, to);
    if (this.#place === from) this.#place = to;
  }

  /** Another tab has changed the storage. */
  heard(key, value) {
    const place = this.drafts.heard(key, value);
    if (place !== undefined && place === this.#place) this.text = '';
  }

  /** At once, or as soon as there is somewhere to write to. */
  focus() {
    this.wanted = this.box.disabled;
    this.box.focus();
  }

  /** placeholder: undefined when there is nowhere to write to. */
  render(placeholder) {
    set(this.box, 'placeholder', placeholder ?? texts.noPlace);
    const nowhere = placeholder === undefined;
    this.wanted ||= nowhere && document.activeElement === this.box;
    this.box.disabled = nowhere;
    if (this.wanted && !nowhere) this.focus();
  }

  // True when the key has been seen to. While an input method is composing, every key is its own.
  #pressed(event) {
    if (event.isComposing || event.keyCode === 229) return false;
    if (this.suggestions.pressed(event)) return true;
    switch (event.key) {
      case 'Enter':
        if (event.shiftKey || event.altKey || (onScreen.matches && !event.ctrlKey && !event.metaKey)) return false;
        this.#submit();
        return true;
      case 'Escape': return this.paste.dismiss();
      case 'ArrowUp': return this.#walk(event, -1);
      case 'ArrowDown': return this.#walk(event, 1);
      default: return false;
    }
  }

  // Taken out first: what was typed may lead to another place, with a text of its own in the box.
  #submit(pieces) {
    const { text } = this;
    const place = this.#place;
    this.text = '';
    if ((pieces ? this.on.several(pieces) : this.on.send(text)) === false) {
      this.text = text;
      return;
    }
    this.drafts.sent(place, text);
    const draft = this.#recall.wrote(place, text);
    if (draft && this.#place === place) this.text = draft;
    else this.drafts.set(place, draft);
    this.box.focus();
  }

  #walk(event, by) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !this.#isAtEdge(by)) return false;
    const text = this.#recall.step(this.#place, by, this.text);
    if (text === null) return false;
    this.text = text;
    this.box.setSelectionRange(text.length, text.length);
    return true;
  }

  // On the first line, or the last. In a text that the box wraps only the very ends are sure to be.
  #isAtEdge(by) {
    const { selectionStart, selectionEnd, value } = this.box;
    if (selectionStart !== selectionEnd) return false;
    const beyond = by < 0 ? value.slice(0, selectionStart) : value.slice(selectionEnd);
    if (!beyond) return true;
    const { lineHeight, paddingTop, paddingBottom } = getComputedStyle(this.box);
    const shown = (this.box.scrollHeight - parseFloat(paddingTop) - parseFloat(paddingBottom)) / parseFloat(lineHeight);
    return !beyond.includes('\n') && shown < value.split('\n').length + 0.5;
  }

  #changed() {
    this.box.style.setProperty('height', 'auto');
    this.box.style.setProperty('height', `${Math.min(this.box.scrollHeight, innerHeight * TALLEST)}px`);
    if (this.#place !== null) this.drafts.set(this.#place, this.text);
    const left = room(this.text, this.on.limits());
    const over = left !== null && left.left < 0;
    $('counter').hidden = !left;
    setText($('counter'), left ? texts.room(left) : '');
    if (over && !$('counter').classList.contains('over')) setText($('composer-news'), texts.room(left));
    $('counter').classList.toggle('over', over);
    set(this.box, 'aria-invalid', over ? 'true' : undefined);
  }

  #keyboard() { set(this.box, 'enterkeyhint', onScreen.matches ? 'enter' : 'send'); }
}
