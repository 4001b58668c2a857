// Who is in a room so full that names are not listed there: the server is asked, a moment after the last key.

import { realClock } from './clock.js';

const PAUSE = 250;
const MOST = 50;

export class PeopleSearch {
  #ask; #changed; #clock; #timer;
  #question = '';
  #found = null;

  /** ask(room, prefix, limit): a promise of {members}; changed(): there is an answer. */
  constructor(ask, changed, clock = realClock) {
    this.#ask = ask;
    this.#changed = changed;
    this.#clock = clock;
  }

  /** Map(nick -> {via}), or null as long as it is not known. */
  find(room, typed) {
    const question = typed && `${room} ${typed}`;
    if (question === this.#question) return this.#found;
    this.#question = question;
    this.#found = null;
    this.#clock.clearTimeout(this.#timer);
    if (typed) this.#timer = this.#clock.setTimeout(() => this.#look(room, typed, question), PAUSE);
    return null;
  }

  // The server compares letter by letter: small ones and a capital are tried as well.
  async #look(room, typed, question) {
    const small = typed.toLowerCase();
    const [first] = small;
    const prefixes = new Set([typed, small, first.toUpperCase() + small.slice(first.length)]);
    const answers = await Promise.allSettled([...prefixes].map((prefix) => this.#ask(room, prefix, MOST)));
    if (question !== this.#question) return;
    this.#found = new Map(answers.flatMap(({ value }) => value?.members ?? []).map(({ nick, via }) => [nick, { via }]));
    this.#changed();
  }
}
