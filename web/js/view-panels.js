// On narrow screens rooms and people slide over the messages, one at a time. The style sheet decides where that is so; a closed panel that
// slides is out of reach for the keyboard and for screen readers there, by `visibility`.

import { $, set } from './view.js';

export class Panels {
  #open = null;

  constructor({ opened = () => {} } = {}) {
    this.opened = opened;
    for (const name of ['rooms', 'people']) {
      $(`open-${name}`).onclick = () => this.open(name);
      $(`${name}-panel`).querySelector('.close-panel').onclick = () => this.close();
    }
    $('backdrop').onclick = () => this.close();
    // A screen that became wide enough shows the panel anyway.
    addEventListener('resize', () => { if (this.#open && getComputedStyle($(`${this.#open}-panel`)).position !== 'fixed') this.close({ focus: false }); });
  }

  open(name) {
    this.close({ focus: false });
    this.#open = name;
    this.#show(name, true);
    $(`${name}-panel`).querySelector('.close-panel').focus();
    this.opened(name);
  }

  /** False: none was open. */
  close({ focus = true } = {}) {
    const name = this.#open;
    if (!name) return false;
    this.#open = null;
    this.#show(name, false);
    if (focus) $(`open-${name}`).focus();
    return true;
  }

  #show(name, open) {
    $(`${name}-panel`).classList.toggle('open', open);
    set($(`open-${name}`), 'aria-expanded', open);
    $('backdrop').hidden = !open;
    // What lies under the panel must not take the focus.
    document.querySelector('.room').inert = open;
  }
}
