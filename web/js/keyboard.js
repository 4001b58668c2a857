// Keys for what a mouse does. Each is written down once, with what it does: the list that people see is made from the same table.

import { openedDialog } from './view-dialog.js';

export const APPLE = /Mac|iP(hone|ad|od)/.test(globalThis.navigator?.platform ?? '');

/** 'Alt+Shift+ArrowUp', 'Mod+k' (Ctrl, or Command where that is the habit), '?'. */
export function chord({ key, altKey, shiftKey, ctrlKey, metaKey }, apple = APPLE) {
  const printed = key.length === 1;  // Shift is in the character already
  return [
    (apple ? metaKey : ctrlKey) && 'Mod',
    (apple ? ctrlKey : metaKey) && 'Other',
    altKey && 'Alt',
    shiftKey && !printed && 'Shift',
    printed ? key.toLowerCase() : key,
  ].filter(Boolean).join('+');
}

/** bindings: [{keys: [chord], run()}]; `run` is false when there was nothing to do. Dialogs keep their keys to themselves. */
export function listen(bindings, target = document) {
  target.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || openedDialog()) return;
    const pressed = chord(event);
    // What would be typed is typed.
    if (pressed.length === 1 && event.target.matches('input, textarea, select, [contenteditable]')) return;
    const found = bindings.find(({ keys }) => keys.includes(pressed));
    if (found && found.run() !== false) event.preventDefault();
  });
}

/** Up and down, Home and End walk through the buttons of a list; Tab still reaches each of them. */
export function walkLists(...lists) {
  for (const list of lists) {
    list.addEventListener('keydown', (event) => {
      const buttons = [...list.querySelectorAll('li > button:first-child')];
      const at = buttons.indexOf(event.target.closest('li')?.querySelector('button'));
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
      if (at < 0 || to === undefined || chord(event) !== event.key || !buttons[to]) return;
      event.preventDefault();
      buttons[to].focus();
    });
  }
}

/** The one `step` further in a list that goes round, of those that are `wanted`; undefined: there is none. */
export function further(list, from, step, wanted = () => true) {
  const at = list.indexOf(from);
  const start = at < 0 && step < 0 ? 0 : at;
  for (let n = 1; n <= list.length; n += 1) {
    const next = list[(start + n * step + n * list.length) % list.length];
    if (next !== from && wanted(next)) return next;
  }
  return undefined;
}
