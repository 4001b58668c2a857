// Names in what somebody said: one's own, and others' that are called with @.

import { fold, isNick } from './names.js';

const WORD = /@?[\p{L}\p{M}\p{N}_-]+/gu;
const LONGEST = 128;  // units of a name, however it is written; to compare a word costs the square of its length
const IN_WORD = /[\p{L}\p{M}\p{N}_.-]$/u;

/**
 * The text in pieces, in their order: {text}, {text, self: true}, or {text, nick} for @nick. A name is a whole word, in any spelling that the server holds for the same.
 */
export function mentions(text, self) {
  const own = self ? fold(self) : null;
  const pieces = [];
  let done = 0;
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const piece = isInAddress(text, index, word) ? null : nameIn(word, own);
    if (!piece) continue;
    if (index > done) pieces.push({ text: text.slice(done, index) });
    pieces.push(piece);
    done = index + word.length;
  }
  if (done < text.length) pieces.push({ text: text.slice(done) });
  return pieces;
}

/** True when the text names this person. */
export const mentionsSelf = (text, self) => mentions(text, self).some((piece) => piece.self);

function nameIn(word, own) {
  const called = word.startsWith('@');
  const name = called ? word.slice(1) : word;
  if (name.length > LONGEST) return null;
  if (own !== null && fold(name) === own) return { text: word, self: true };
  return called && isNick(name) ? { text: word, nick: name } : null;
}

// "ann@host.example" is neither ann nor @host.
function isInAddress(text, index, word) {
  if (word.startsWith('@')) return IN_WORD.test(text.slice(Math.max(0, index - 2), index));
  return text[index + word.length] === '@';
}
