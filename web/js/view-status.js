// What is true of the connection, and notices that are not part of any conversation.

import { $, set, setText } from './view.js';
import * as texts from './texts.js';

const SHOWN = 4_000;

export class StatusView {
  #timer = null;
  #watch = null;

  /** on: {connect()} */
  constructor(on) {
    $('connect').onclick = () => on.connect();
    $('notice-close').onclick = () => this.notice(null);
  }

  /** latency: of the connection, in ms, or null. */
  render(state, latency = null) {
    const [word, more] = texts.status(state, { now: Date.now(), online: navigator.onLine !== false, latency });
    setText($('status-word'), word);
    setText($('status-more'), more);
    set($('status'), 'data-state', word);
    const kept = texts.kept(state);
    $('kept').hidden = !kept;
    setText($('kept-text'), kept);
    clearTimeout(this.#timer);
    if (state.name === 'waiting') this.#timer = setTimeout(() => this.render(state), 500);
  }

  /** over(): true when there is nothing more to notice; it is shown for a while all the same. */
  notice(text, over) {
    clearInterval(this.#watch);
    if (over) this.#watch = setInterval(() => { if (over()) this.notice(null); }, SHOWN);
    $('notice').hidden = !text;
    setText($('notice-text'), text ?? '');
  }
}
