// The box one writes in. Enter sends, Shift+Enter breaks the line.

import { $, set } from './view.js';
import * as texts from './texts.js';

const TALLEST = 0.35;  // of the window

export class Composer {
  /** send(text): false when the text should stay in the box. typed(text): the person changed what is in it. */
  constructor(send, typed) {
    this.box = $('message');
    this.send = send;
    this.box.addEventListener('input', () => { this.#fit(); typed(this.text); });
    this.box.addEventListener('keydown', (event) => {
      // While an input method is composing, Enter takes its suggestion.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
    $('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
      this.box.focus();
    });
  }

  get text() { return this.box.value; }

  set text(text) {
    this.box.value = text;
    this.#fit();
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

  // Taken out first: what was typed may lead to another place, with a text of its own in the box.
  #submit() {
    const { text } = this;
    this.text = '';
    if (this.send(text) === false) this.text = text;
  }

  #fit() {
    this.box.style.setProperty('height', 'auto');
    this.box.style.setProperty('height', `${Math.min(this.box.scrollHeight, innerHeight * TALLEST)}px`);
  }
}
