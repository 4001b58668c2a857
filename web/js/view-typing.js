// The line that says who is typing. It keeps its place when it is empty, and is for the eyes alone.

import { $, nickElement } from './view.js';
import * as texts from './texts.js';

export class TypingView {
  #signature = '';

  render(nicks) {
    const signature = nicks.join(' ');
    if (signature === this.#signature) return;
    this.#signature = signature;
    $('typing').classList.toggle('on', nicks.length > 0);
    $('typing-text').replaceChildren(...texts.typing(nicks).map((part) => (typeof part === 'string' ? part : nickElement(part.nick))));
  }
}
