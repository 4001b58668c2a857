// How long a text is, as the server measures it, and how it can be cut so that every piece fits.

import { parse } from './commands.js';

const NEAR = 0.2;        // of a limit is left: from here on it is shown
const MOST_LINES = 50;   // that are offered as a message each

const encoder = new TextEncoder();
export const bytesOf = (text) => encoder.encode(text).length;
const linesOf = (text) => text.split('\n').length;

/** What is left of the limit that is closest: {unit: 'bytes' | 'lines', left}, below 0 when it is too long; null far from both. */
export function room(typed, { message_bytes: bytes, message_lines: lines }) {
  if (typed.length * 3 < bytes * (1 - NEAR) && typed.length < lines * (1 - NEAR)) return null;
  const meant = parse(typed);
  const text = meant?.text ?? '';
  const left = [{ unit: 'bytes', left: bytes - bytesOf(text), of: bytes }, { unit: 'lines', left: lines - linesOf(text), of: lines }];
  left.sort((a, b) => a.left / a.of - b.left / b.of);
  const [{ unit, left: rest, of }] = left;
  return rest <= of * NEAR ? { unit, left: rest } : null;
}

export const fits = (text, limits) => bytesOf(text) <= limits.message_bytes && linesOf(text) <= limits.message_lines;

/** A text of several lines as several messages: line by line, or, when those are many, as few as will do. */
export function several(text, limits) {
  const lines = text.split(/\r\n?|\n/).filter((line) => line.trim());
  if (lines.length <= MOST_LINES && lines.every((line) => fits(line, limits))) return lines;
  return packed(text.replace(/\r\n?/g, '\n').replace(/^\n+/, '').trimEnd(), limits);
}

function packed(text, limits) {
  const pieces = [];
  let piece = null;
  for (const line of text.split('\n').flatMap((each) => cut(each, limits.message_bytes))) {
    const longer = piece === null ? line : `${piece}\n${line}`;
    if (piece === null || fits(longer, limits)) piece = longer;
    else {
      pieces.push(piece);
      piece = line;
    }
  }
  pieces.push(piece);
  return pieces.filter((each) => each.trim());
}

// A line that is too long by itself, at a blank if there is one near the end.
function cut(line, bytes) {
  const parts = [];
  let rest = line;
  while (bytesOf(rest) > bytes) {
    let end = 0;
    let size = 0;
    for (const character of rest) {
      size += bytesOf(character);
      if (size > bytes) break;
      end += character.length;
    }
    const blank = rest.lastIndexOf(' ', end);
    if (blank > end * 0.7) end = blank + 1;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...parts, rest];
}
