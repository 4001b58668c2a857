// Several lines came at once: they stand in the box, and this bar asks what they are to be. It asks in passing; whoever goes on writing loses
// nothing, and nothing is sent by itself.

import { fits, several } from './lengths.js';
import { $, setText } from './view.js';
import * as texts from './texts.js';

const MOST_PIECES = 50;

export class PasteBar {
  #asks = false;

  /** box: a text area; on: {limits(), one(), several(pieces)}. */
  constructor(box, on) {
    Object.assign(this, { box, on });
    setText($('paste-one'), texts.asOne);
    setText($('paste-edit'), texts.justEdit);
    box.addEventListener('paste', ({ clipboardData }) => {
      if (/\S[^\S\n]*\r?\n\s*\S/.test(clipboardData?.getData('text/plain') ?? '')) this.#asks = true;  // the browser puts it in, and `input` follows
    });
    $('paste-one').onclick = () => { this.close(); on.one(); };
    $('paste-edit').onclick = () => this.dismiss();
    $('paste-several').onclick = () => {
      const pieces = this.#pieces();
      this.close();
      on.several(pieces);
    };
    $('paste').addEventListener('keydown', (event) => { if (event.key === 'Escape' && this.dismiss()) event.preventDefault(); });
  }

  /** The text in the box changed. */
  typed() {
    if (!this.#asks) return;
    const lines = this.box.value.trim().split('\n').length;
    if (lines < 2) return void this.close();
    const pieces = this.#pieces();
    const fresh = $('paste').hidden;
    $('paste').hidden = false;
    setText($('paste-text'), texts.pasted(lines));
    if (fresh) setText($('composer-news'), texts.pastedNews(lines));
    $('paste-one').hidden = !fits(this.box.value.trim(), this.on.limits());
    $('paste-several').hidden = pieces === null || pieces.length < 2;
    setText($('paste-several'), texts.asSeveral(pieces?.length ?? 0));
  }

  /** False: it was not there. */
  dismiss() {
    if ($('paste').hidden) return false;
    this.close();
    this.box.focus();
    return true;
  }

  close() {
    this.#asks = false;
    $('paste').hidden = true;
  }

  #pieces() {
    const limits = this.on.limits();
    return this.box.value.length > limits.message_bytes * MOST_PIECES ? null : several(this.box.value, limits);
  }
}
