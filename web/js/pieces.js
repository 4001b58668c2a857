// What somebody said, taken apart into what is shown differently.

import { links } from './links.js';
import { mentions } from './mentions.js';

const MOST_UNITS = 8_192;  // raw clients of a verbatim relay say more at once, and so may all where a server lets them
const MOST_LINES = 100;

/** As much of the text as is shown unasked. */
export const beginning = (text) => text.slice(0, MOST_UNITS).split('\n', MOST_LINES).join('\n');

/** The text in pieces, in their order: plain {text}, links {text, href, host}, names {text, self} and {text, nick}. Put together they are the text. */
export const pieces = (text, self) => links(text).flatMap((piece) => (piece.href ? [piece] : mentions(piece.text, self)));
