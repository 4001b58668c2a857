// The box one writes in. Enter sends, Shift+Enter breaks the line.

import { $, set } from './view.js';

const TALLEST = 0.35;  // of the window

export class Composer {
  /** send(text): false when the text should stay in the box. */
  constructor(send) {
    this.box = $('message');
    this.send = send;
    this.box.addEventListener('input', () => this.#fit());
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

  focus() { this.box.focus(); }

  render(room) {
    set(this.box, 'placeholder', room ? `Write to ${room}` : 'Join a room to write');
    this.box.disabled = !room;
  }

  #submit() {
    if (this.send(this.text) !== false) this.text = '';
  }

  #fit() {
    this.box.style.setProperty('height', 'auto');
    this.box.style.setProperty('height', `${Math.min(this.box.scrollHeight, innerHeight * TALLEST)}px`);
  }
}
