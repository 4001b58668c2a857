// The tab's title and sign, and the program's sign where the page is installed: they say how much waits while nobody looks.

import { set } from './view.js';
import * as texts from './texts.js';

export class Title {
  #name;
  #count = 0;

  place(name) {
    this.#name = name;
    this.#render();
  }

  count(n) {
    this.#count = n;
    this.#render();
    set(document.querySelector('link[rel="icon"]'), 'href', n ? '/favicon-waiting.svg' : '/favicon.svg');
    (n ? navigator.setAppBadge?.(n) : navigator.clearAppBadge?.())?.catch(() => {});
  }

  #render() {
    const title = texts.title(this.#name, this.#count);
    if (document.title !== title) document.title = title;
  }
}
