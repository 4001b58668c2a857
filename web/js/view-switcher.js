// Ctrl+K: a box that goes to a room or person by a few letters of the name (the combobox pattern of ARIA's authoring practices).

import { $, element, set } from './view.js';
import { matches } from './switcher.js';
import { openDialog, wireDialog } from './view-dialog.js';
import * as texts from './texts.js';

export class SwitcherView {
  #found = [];
  #at = 0;

  /** on: {places(): as `matches` wants them, go(place)} */
  constructor(on) {
    this.on = on;
    this.dialog = wireDialog('switcher');
    this.box = $('switcher-box');
    this.list = $('switcher-list');
    this.box.addEventListener('input', () => this.#render());
    this.box.addEventListener('keydown', (event) => this.#key(event));
    this.list.addEventListener('click', ({ target }) => {
      const option = target.closest('[role="option"]');
      if (option) this.#go([...this.list.children].indexOf(option));
    });
  }

  open() {
    this.box.value = '';
    openDialog(this.dialog);
    this.#render();
  }

  #key(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.#found.length) this.#mark((this.#at + step + this.#found.length) % this.#found.length);
    else if (event.key === 'Enter') this.#go(this.#at);
    else return;
    event.preventDefault();
  }

  #go(index) {
    const place = this.#found[index];
    if (!place) return;
    this.dialog.close();
    this.on.go(place);
  }

  #render() {
    this.#found = matches(this.on.places(), this.box.value);
    this.list.replaceChildren(...this.#found.map((place, index) => element('li', '', { id: `switcher-${index}`, role: 'option' },
      element('span', place.kind === 'person' ? 'room-name person-name' : 'room-name', { dir: 'auto' }, place.name),
      element('span', 'total', {}, texts.switcher(place)))));
    set(this.box, 'aria-expanded', this.#found.length > 0);
    this.#mark(0);
  }

  #mark(index) {
    this.#at = index;
    [...this.list.children].forEach((option, at) => set(option, 'aria-selected', at === index));
    set(this.box, 'aria-activedescendant', this.#found.length ? `switcher-${index}` : undefined);
    this.list.children[index]?.scrollIntoView({ block: 'nearest' });
  }
}
