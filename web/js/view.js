// Small helpers of every view. Text goes in as text, never as markup.

import { fold } from './names.js';

const SVG = 'http://www.w3.org/2000/svg';

export const $ = (id) => document.getElementById(id);

/** An element with a class, attributes and children; null and undefined children are left out. */
export function element(tag, className = '', attributes = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) set(made, name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** One of the signs that stand at the top of the page. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'i');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Sets an attribute, or takes it away for undefined; leaves it alone when nothing changes. */
export function set(target, name, value) {
  if (value === undefined || value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== String(value)) target.setAttribute(name, value);
}

export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Makes the children of a parent these, in one walk from first to last, moving none that stand right already; each(child, index) at its turn. */
export function arrange(parent, wanted, each = () => {}) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let at = parent.firstChild;
  wanted.forEach((child, index) => {
    if (child === at) at = at.nextSibling;
    else parent.insertBefore(child, at);
    each(child, index);
  });
}

const HUES = 12;

/** The same colour for a nick everywhere; the colours themselves are the style sheet's. */
export function hue(nick) {
  let hash = 2166136261;
  for (const unit of fold(nick)) hash = Math.imul(hash ^ unit.codePointAt(0), 16777619) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;  // ^ gives a signed number
}

export function nickElement(nick) {
  return element('span', `nick hue-${hue(nick)}`, { dir: 'auto' }, nick);
}
