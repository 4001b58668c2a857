// Questions to the server. Their answers name no question, but come in order: of each kind and room the oldest question is answered first.

import { deferred, failure, fold } from './common.js';

const PATIENCE = 15_000;

export class Questions {
  #clock;
  #open = new Map();   // 'history lobby' -> those who wait, in order

  constructor(clock) { this.#clock = clock; }

  /** A promise of the answer; fails when none comes in time, or the connection is lost. */
  ask(kind, room) {
    const question = deferred();
    const key = `${kind} ${room}`;
    this.#open.set(key, [...this.#open.get(key) ?? [], question]);
    const timer = this.#clock.setTimeout(() => question.reject(failure('timeout', 'no answer came')), PATIENCE);
    const over = () => this.#clock.clearTimeout(timer);
    question.promise.then(over, over);
    return question.promise;
  }

  answered(kind, frame) { this.#next(kind, frame.room)?.resolve(frame); }

  /** False when there was no such question. */
  refused(kind, room, error) {
    const question = this.#next(kind, room);
    question?.reject(error);
    return question !== undefined;
  }

  lost() {
    const open = [...this.#open.values()].flat();
    this.#open.clear();
    for (const question of open) question.reject(failure('offline', 'the connection was lost before an answer came'));
  }

  #next(kind, room) {
    const key = `${kind} ${room}`;
    const [first, ...rest] = this.#open.get(key) ?? [];
    if (rest.length) this.#open.set(key, rest);
    else this.#open.delete(key);
    return first;
  }
}

/** Names asked for that have no answer yet; answers come in order here as well. */
export class Wishes {
  #open = [];   // {nick, before, answer}

  /** A promise of the name. `before`: what to be called if it is refused. */
  add(nick, before) {
    const answer = deferred();
    this.#open.push({ nick, before, answer });
    return answer.promise;
  }

  /**
   * A greeting asked for the last name at the time, `asked`, and got `nick`; if that is another, the refusal follows. Gives the name that was
   * wished for since and has to be asked for.
   */
  greeted(nick, asked = '') {
    const last = this.#open.pop();
    for (const { answer } of this.#open.splice(0)) answer.reject(failure('replaced', 'another name was asked for'));
    if (!last) return null;
    const late = last.nick !== asked;
    const given = !asked || fold(nick) === fold(asked);
    if (given && !late) {
      last.answer.resolve(nick);
      return null;
    }
    if (!given && late) this.add(asked, last.nick);  // takes the refusal
    this.#open.push(last);
    return late ? last.nick : null;
  }

  granted(nick) { this.#open.shift()?.answer.resolve(nick); }

  /** Gives the name from before; undefined when none was wished for. */
  refused(error) {
    const { before, answer } = this.#open.shift() ?? {};
    answer?.reject(error);
    return before;
  }
}
