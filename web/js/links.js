// Links in what somebody said. Everybody may write anything, so this is strict: http, https and mailto, written out, and nothing that looks
// like another place than the one it leads to.

const MOST_UNITS = 2_048;
const MOST_HOST_UNITS = 255;  // no name of a place is longer
const MOST_REFUSED = 50;      // candidates of a text: to refuse one costs more than to take it
const START = /https?:\/\/|mailto:/gi;
const IN_WORD = /[\p{L}\p{M}\p{N}_@/+-]$/u;  // what stands before "http" when that is no beginning
// Ends a link: white space, quotes and angles, what is invisible or no character, what URL parsers mend (`\`), and the wide punctuation of
// texts that are written without spaces.
const QUOTES = String.raw`"<>\u{ab}\u{bb}\u{2018}-\u{201f}\u{2039}\u{203a}`;
const WIDE = String.raw`\u{3001}-\u{3003}\u{3008}-\u{3011}\u{3014}-\u{301f}\u{ff00}-\u{ff0f}\u{ff1a}-\u{ff20}\u{ff3b}-\u{ff40}\u{ff5b}-\u{ff65}`;
const END = new RegExp(String.raw`[\s\p{C}\p{Z}${QUOTES}${WIDE}\\^\x60{|}\u{fffd}]`, 'gu');
const ENDS_SENTENCE = '.,:;!?\'*_~([…·';
const OPENING = { ')': '(', ']': '[' };
const MAIL = /^mailto:[a-z0-9._+-]+@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?![\p{L}\p{M}\p{N}@%_])/iu;

/** The text in pieces, in their order: {text}, or {text, href, host}. host: where it leads, when that is not what is written. */
export function links(text) {
  const pieces = [];
  let done = 0;
  let end = 0;  // of the run without a blank that is looked at
  let refused = 0;
  START.lastIndex = 0;
  for (let found = START.exec(text); found && refused < MOST_REFUSED; found = START.exec(text)) {
    const { index } = found;
    if (IN_WORD.test(text.slice(Math.max(done, index - 2), index))) continue;
    if (index >= end) end = endOf(text, index);
    const link = linkIn(text.slice(index, end));
    if (link) {
      if (index > done) pieces.push({ text: text.slice(done, index) });
      pieces.push(link);
      done = index + link.text.length;
    } else refused += 1;
    START.lastIndex = link ? done : end;
  }
  if (done < text.length) pieces.push({ text: text.slice(done) });
  return pieces;
}

function endOf(text, start) {
  END.lastIndex = start;
  return END.exec(text)?.index ?? text.length;
}

function linkIn(whole) {
  if (whole.length > MOST_UNITS) return null;
  return whole[0].toLowerCase() === 'm' ? mail(whole) : web(trim(whole));
}

function web(written) {
  const [, authority] = /^https?:\/\/([^/?#]*)/i.exec(written) ?? [];
  if (!authority || authority.length > MOST_HOST_UNITS || authority.includes('@')) return null;  // "https://bank.example@evil.example/" leads to the second
  const url = parse(written);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || !/[a-z0-9]/.test(url.hostname)) return null;
  const shown = authority.replace(/:\d*$/, '').toLowerCase();
  return { text: written, href: url.href, host: shown === url.hostname ? undefined : url.hostname };
}

// An address and nothing behind it: a mail program does more with `?…` than anybody sees.
function mail(whole) {
  const [written] = MAIL.exec(whole) ?? [];
  return written ? { text: written, href: `mailto:${written.slice(7)}`, host: undefined } : null;
}

function parse(written) {
  try {
    return new URL(written);
  } catch {
    return null;
  }
}

// Up to a bracket that was opened before the link, and without what ends a sentence.
function trim(whole) {
  const open = { '(': 0, '[': 0 };
  let end = 0;
  for (; end < whole.length; end += 1) {
    const sign = whole[end];
    if (sign in open) open[sign] += 1;
    else if (sign in OPENING && (open[OPENING[sign]] -= 1) < 0) break;
  }
  while (end > 0 && ENDS_SENTENCE.includes(whole[end - 1])) end -= 1;
  return whole.slice(0, end);
}
