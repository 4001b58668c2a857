// One row of the log as an element, made once and brought up to date in place.

import { sum } from './comings.js';
import { beginning, pieces } from './pieces.js';
import { element, hue, nickElement, set, setText } from './view.js';
import * as texts from './texts.js';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const date = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export function viaElement(via) {
  const known = via in texts.transports ? via : 'other';
  const meaning = texts.transports[via] ?? via;
  return element('span', `via via-${known}`, { title: `${texts.over}${meaning}` }, element('span', 'hidden', {}, texts.over), via);
}

export function makeRow(row) {
  switch (row.kind) {
    case 'message': return makeMessage(row);
    case 'presence': return element('div', 'line presence');
    case 'top': return element('div', 'line top');
    default: return element('p', `line ${row.kind}`);
  }
}

/** The whole date for whoever points at a time; spelled out for every message it would cost more than all the rest of it. */
export function spellOut(time) {
  if (!time.title) time.title = full.format(new Date(time.dateTime));
}

/** Brings an element up to date. Cheap when nothing changed, which is nearly always. */
export function updateRow(target, row, shown) {
  switch (row.kind) {
    case 'message': return updateMessage(target, row, shown.connected);
    case 'presence': return updatePresence(target, texts.presence(sum(row.entry)), texts.presence(sum(row.entry), Infinity));
    case 'top': return updateTop(target, row.state, shown);
    default: return setText(target, lineText(row));
  }
}

function lineText({ kind, at, entry }) {
  switch (kind) {
    case 'day': return date.format(at);
    case 'new': return texts.newLine;
    case 'gap': return texts.gap;
    case 'epoch': return texts.epoch;
    case 'renamed': return texts.renamed(entry);
    case 'gone': return texts.gone(entry);
    default: return entry.text;
  }
}

// Many names are there for whoever opens them.
function updatePresence(target, short, long) {
  if (plain(short) === plain(long)) return setSentence(target, long);
  if (!target.querySelector('details')) target.replaceChildren(element('details', '', {}, element('summary'), element('p')));
  setSentence(target.querySelector('summary'), short);
  return setSentence(target.querySelector('p'), long);
}

const plain = (parts) => parts.map((part) => part.nick ?? part).join('');

// A name that runs from right to left turns nothing but itself.
function setSentence(target, parts) {
  if (target.textContent !== plain(parts)) target.replaceChildren(...parts.map((part) => (part.nick ? element('bdi', '', {}, part.nick) : part)));
}

// Older messages come by themselves; the button is for those who do not scroll, and for when they could not come.
function updateTop(target, state, { place, connected }) {
  const text = state === 'older' || state === 'loading' ? null : texts.top(state, place.name);
  if (text !== null) return setText(target, text);
  const button = target.querySelector('button') ?? element('button', 'quiet', { type: 'button', 'data-action': 'older' }, texts.older);
  button.disabled = state === 'loading' || !connected;
  if (!button.isConnected) target.replaceChildren(button);
  return target;
}

function makeMessage(row) {
  const made = element('article', 'message', {},
    element('time', 'when'),
    element('div', 'who', {}, nickElement(row.nick), viaElement(row.via)),
    element('div', 'text', { dir: 'auto' }));
  made.classList.toggle('action', Boolean(row.action));
  made.self = null;  // whose names stand out in its text: nobody's yet
  return made;
}

// Links and names in it stand apart in direction, too: neither turns the text around it, nor is turned by it.
function fillText(made, { text, self, own }, shown = beginning(text)) {
  const parts = pieces(shown, own ? null : self);
  made.classList.toggle('to-you', parts.some((part) => part.self));
  const target = made.querySelector('.text');
  target.replaceChildren(...parts.map((part) => {
    if (part.href) return element('a', '', { href: part.href, target: '_blank', rel: 'noopener noreferrer nofollow', dir: 'ltr', 'data-host': part.host }, part.text);
    if (part.self) return element('mark', 'name', {}, part.text);
    return part.nick ? element('span', `nick hue-${hue(part.nick)}`, {}, part.text) : part.text;
  }));
  if (shown === text) return;
  const all = element('button', 'quiet', { type: 'button' }, texts.showAll);
  all.onclick = () => fillText(made, { text, self, own }, text);
  target.append('…\n', all);
}

function updateMessage(made, row, connected) {
  const signature = `${row.self} ${row.seq} ${row.at} ${row.nick} ${row.via} ${row.state} ${row.code} ${row.grouped} ${row.sameMinute} ${row.own} ${row.state === 'pending' && connected}`;
  if (made.signature === signature) return;
  made.signature = signature;

  set(made, 'data-seq', row.seq);
  set(made, 'data-id', row.id);
  set(made, 'data-nick', row.nick);
  set(made, 'data-via', row.via);
  set(made, 'data-state', row.state);
  made.classList.toggle('grouped', row.grouped);
  made.classList.toggle('same-minute', row.sameMinute);
  made.classList.toggle('own', row.own);

  const [time, who] = made.children;
  const at = new Date(row.at);
  set(time, 'datetime', at.toISOString());
  setText(time, clock.format(at));
  const [nick, via] = who.children;
  nick.className = `nick hue-${hue(row.nick)}`;
  setText(nick, row.nick);
  if (!via.classList.contains(`via-${row.via}`)) via.replaceWith(viaElement(row.via));

  if (made.self !== row.self) {
    made.self = row.self;
    fillText(made, row);
  }
  set(made.querySelector('.text'), 'tabindex', row.state === 'failed' ? 0 : undefined);  // it may be so long that it scrolls
  made.querySelector('.fate')?.remove();
  const fate = fateElement(row, connected);
  if (fate) made.append(fate);
}

function fateElement(row, connected) {
  if (row.state === 'sent') return element('div', 'fate', { title: texts.fate.sent }, element('span', 'tick', { 'aria-hidden': 'true' }), element('span', 'hidden', {}, texts.fate.sent));
  if (row.state === 'pending') return element('div', 'fate', {}, element('span', 'clock', { 'aria-hidden': 'true' }), texts.waiting(connected));
  if (row.state !== 'failed') return null;
  const actions = row.code === 'too_long' ? ['edit', 'discard'] : ['retry', 'edit', 'discard'];  // what is too long stays it
  return element('div', 'fate', {},
    element('span', 'reason', {}, texts.failure(row)),
    element('span', 'actions', {}, ...actions.map((name) => element('button', 'quiet', { type: 'button', 'data-action': name }, texts.fate[name]))));
}
