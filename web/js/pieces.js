// What somebody said, taken apart into what is shown differently.

import { links } from './links.js';
import { mentions } from './mentions.js';

/** The text in pieces, in their order: plain {text}, links {text, href, host}, names {text, self} and {text, nick}. Put together they are the text. */
export const pieces = (text, self) => links(text).flatMap((piece) => (piece.href ? [piece] : mentions(piece.text, self)));
