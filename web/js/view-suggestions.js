// The list over the box: what the word before the caret could be. It never takes the focus. Tab and Shift+Tab go through it, Escape puts back
// what was typed; after Escape, or when there is nothing to complete, Tab leaves the box as it does everywhere.

import { Completion, suggest } from './completion.js';
import { $, element, set, setText } from './view.js';
import * as texts from './texts.js';

export class Suggestions {
  #completion = new Completion();
  #released = false;   // Escape was pressed: Tab is for leaving
  #walked = false;     // the arrows chose: Enter takes that, and sends nothing yet

  /** box: a text area; sources(): for suggest(); changed(): what is in the box was replaced. */
  constructor(box, sources, changed) {
    Object.assign(this, { box, sources, changed });
    this.list = $('suggestions');
    // The box keeps the focus, and with it the keyboard of a phone.
    this.list.addEventListener('mousedown', (event) => event.preventDefault());
    this.list.addEventListener('click', ({ target }) => {
      const index = [...this.list.children].indexOf(target.closest('li'));
      if (index < 0 || !this.#completion.active) return;
      this.#put(this.#completion.take(index));
      this.close();
    });
  }

  /** The person changed the text. */
  typed() {
    this.#released = this.#walked = false;
    const found = this.#found();
    if (!found?.asked) return this.close();
    const before = this.#completion.options.length;
    this.#completion.begin(this.box.value, this.box.selectionStart, found);
    this.#draw();
    if (found.options.length !== before) setText($('composer-news'), texts.suggestions(found.options.length));
    return undefined;
  }

  /** True when the key was for us. */
  pressed({ key, altKey, ctrlKey, metaKey, shiftKey }) {
    if (altKey || ctrlKey || metaKey || key === 'Shift') return false;
    if (key === 'Tab') return this.#step(shiftKey ? -1 : 1);
    if (key === 'Escape') return this.#escape();
    const walked = this.#walked;
    if (!this.list.hidden && !shiftKey && (key === 'ArrowUp' || key === 'ArrowDown')) {
      this.#walked = this.#step(key === 'ArrowUp' ? -1 : 1);
      return this.#walked;
    }
    if (key.length > 1 && key !== 'Backspace') this.close();  // of other keys `input` will tell
    return walked && key === 'Enter';
  }

  close() {
    this.#walked = false;
    if (!this.#completion.active) return;
    this.#completion.end();
    this.#draw();
    setText($('composer-news'), '');
  }

  #escape() {
    this.#released = true;
    if (!this.#completion.active) return false;
    if (this.#completion.at >= 0 && this.#holds()) this.#put(this.#completion.undo());
    this.close();
    this.#draw();
    return true;
  }

  #step(by) {
    if (!this.#holds()) {
      const found = by > 0 && !this.#released ? this.#found() : null;
      this.close();
      if (!found) return false;
      this.#completion.begin(this.box.value, this.box.selectionStart, found);
    }
    this.#put(this.#completion.step(by));
    if (this.#completion.options.length === 1) this.close();
    else this.#draw();
    return true;
  }

  #holds() { return this.box.selectionStart === this.box.selectionEnd && this.#completion.holds(this.box.value, this.box.selectionStart); }

  #found() {
    const { value, selectionStart, selectionEnd } = this.box;
    return selectionStart === selectionEnd ? suggest(value, selectionStart, this.sources()) : null;
  }

  #put({ text, caret }) {
    this.box.value = text;
    this.box.setSelectionRange(caret, caret);
    this.changed();
  }

  #draw() {
    const { options, at } = this.#completion;
    const signature = JSON.stringify(options);
    this.list.hidden = options.length === 0;
    if (signature !== this.list.signature) {
      this.list.signature = signature;
      this.list.replaceChildren(...options.map(({ name, about }, index) => element('li', '', { id: `suggestion-${index}`, role: 'option', dir: 'auto' },
        element('span', 'suggested', {}, name), about ? element('span', 'about', {}, about) : null)));
    }
    [...this.list.children].forEach((item, index) => set(item, 'aria-selected', index === at));
    set(this.box, 'aria-activedescendant', at < 0 ? undefined : `suggestion-${at}`);
    this.list.children[at]?.scrollIntoView({ block: 'nearest' });
  }
}
