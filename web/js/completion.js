// What Tab makes of the word before the caret: a command, a room or a name. Pure: texts and carets go in and come out.

import { fold } from './names.js';

const COMMAND = /^\/[a-z]*$/i;
const ARGUMENT = /^\/(\w+)[^\S\n]+(\S*)$/;
const ROOM = /(?<![^\s(])#[a-z0-9._-]*$/i;
const NICK = /(?:(?<![\p{L}\p{M}\p{N}_.@-])@)?[\p{L}\p{M}\p{Nd}_-]*$/u;
const IN_WORD = /^[\p{L}\p{M}\p{N}_-]/u;
const NEAR = 100;    // units before the caret, more than a name has: a pattern that ends there is tried from each of them
const MOST = 50;
const RECENT = 500;  // messages that are looked through for who spoke

/** The names in a room or conversation: who spoke last stands first, then the others who are there, then who has left. */
export function nicksOf({ entries, members, nick }, self) {
  const spoke = new Set();
  for (const entry of entries.slice(-RECENT).reverse()) if (entry.kind === 'message') spoke.add(entry.nick);
  const there = members ?? new Map();
  const others = [...there.keys()].sort((a, b) => (fold(a) < fold(b) ? -1 : 1));
  const names = new Set([...[...spoke].filter((name) => !members || there.has(name)), ...others, ...(nick ? [nick] : []), ...spoke]);
  names.delete(self);
  return [...names];
}

/**
 * sources: {commands: [[usage, meaning]], rooms: [name], nicks: [name]}, the likeliest first.
 * {from, to, options: [{name, insert, about}], asked} or null. `asked`: it was begun with a sign of its own, so that a list may show by itself.
 */
export function suggest(text, caret, sources) {
  const head = text.slice(0, caret);
  if (IN_WORD.test(text.slice(caret))) return null;  // in the middle of a word
  const { kind, word, sign = '', tail = ' ' } = wordOf(head) ?? {};
  if (!kind || (!word && !sign)) return null;
  const wanted = fold(word);
  const after = /^\s/.test(text.slice(caret)) && tail.endsWith(' ') ? tail.slice(0, -1) : tail;
  const options = all(kind, sources)
    .filter(({ name }) => fold(name).startsWith(wanted))
    .slice(0, MOST)
    .map(({ name, about, ends }) => ({ name: `${sign.trim()}${name}`, about, insert: `${sign.trim()}${name}${ends ? '' : after}` }));
  return options.length ? { from: caret - word.length - sign.trim().length, to: caret, options, asked: Boolean(sign) } : null;
}

// sign: what stands before the word and belongs to it; a blank one for the argument of a command.
function wordOf(head) {
  if (COMMAND.test(head)) return { kind: 'commands', word: head.slice(1), sign: '/' };
  const [, command, argument] = ARGUMENT.exec(head) ?? [];
  switch (command?.toLowerCase()) {
    case 'join': return { kind: 'rooms', word: argument.replace(/^#/, ''), sign: argument[0] === '#' ? '#' : ' ', tail: '' };
    case 'msg': return { kind: 'nicks', word: argument.replace(/^@/, ''), sign: argument[0] === '@' ? '@' : ' ' };
    case 'nick': case 'history': return null;
    default:
  }
  const near = head.slice(-NEAR);
  const [room] = ROOM.exec(near) ?? [];
  if (room) return { kind: 'rooms', word: room.slice(1), sign: '#' };
  const [nick] = NICK.exec(near);
  if (nick[0] === '@') return { kind: 'nicks', word: nick.slice(1), sign: '@' };
  return { kind: 'nicks', word: nick, tail: nick === head ? ': ' : ' ' };
}

function all(kind, sources) {
  if (kind !== 'commands') return sources[kind].map((name) => ({ name }));
  return sources.commands.map(([usage, about]) => ({ name: usage.slice(1).split(' ')[0], about, ends: !usage.includes(' ') }));
}

/** One word being completed: round through what it could be, and back to what it was. */
export class Completion {
  #before = null;  // {text, caret}
  #found;
  #left;           // {text, caret} as we left them
  at = -1;

  get active() { return this.#before !== null; }
  get options() { return this.#found?.options ?? []; }

  /** Begins with what suggest() gave; nothing is taken yet. */
  begin(text, caret, found) {
    this.#before = { text, caret };
    this.#found = found;
    this.#left = this.#before;
    this.at = -1;
  }

  /** Takes the next one, or the one before: {text, caret}. */
  step(by) {
    const { length } = this.options;
    return this.take(this.at < 0 && by < 0 ? length - 1 : (this.at + by + length) % length);
  }

  take(index) {
    const { text } = this.#before;
    const { from, to, options } = this.#found;
    this.at = index;
    const { insert } = options[index];
    this.#left = { text: text.slice(0, from) + insert + text.slice(to), caret: from + insert.length };
    return this.#left;
  }

  /** What stood there before. */
  undo() {
    const before = this.#before;
    this.end();
    return before;
  }

  end() {
    this.#before = null;
    this.#found = undefined;
    this.at = -1;
  }

  /** False when the person went on, with the text or with the caret. */
  holds(text, caret) { return this.active && text === this.#left.text && caret === this.#left.caret; }
}
