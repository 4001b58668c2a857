// The list of keys, made from what they are bound to.

import { $, element } from './view.js';
import { APPLE } from './keyboard.js';
import { openDialog, wireDialog } from './view-dialog.js';
import * as texts from './texts.js';

const SIGNS = { ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc', Mod: APPLE ? '⌘' : 'Ctrl', Alt: APPLE ? '⌥' : 'Alt', k: 'K' };

export class ShortcutsView {
  /** shortcuts: [{keys, text}] */
  constructor(shortcuts) {
    this.dialog = wireDialog('shortcuts');
    $('open-shortcuts').onclick = () => this.open();
    $('shortcut-list').replaceChildren(...shortcuts.map(({ keys, text }) => element('div', '', {},
      element('dt', '', {}, text),
      element('dd', '', {}, ...keys.flatMap((keysOfOne, index) => [index ? ` ${texts.or} ` : null, ...keycaps(keysOfOne)])))));
  }

  open() { openDialog(this.dialog); }
}

function keycaps(keys) {
  return keys.split('+').flatMap((key, index) => [index ? ' ' : null, element('kbd', '', {}, SIGNS[key] ?? key)]);
}
