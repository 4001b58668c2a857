// Questions to the server. Their answers name no question, but come in order: of each kind and room the oldest question is answered first.

import { deferred, failure } from './common.js';

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
