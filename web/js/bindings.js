// Which key does what. The list of shortcuts shows this table, so that it cannot differ from what the keys do.

import { $ } from './view.js';
import { further, listen, walkLists } from './keyboard.js';
import * as texts from './texts.js';

/** views: {panels, status, log, composer, switcher, shortcuts()}. The table: [{keys, text, run?}]; without `run` somebody else sees to it. */
export function bindKeys(views) {
  const table = [
    { keys: ['?', 'Mod+/'], text: texts.keys.list, run: () => views.shortcuts() },
    { keys: ['Mod+k'], text: texts.keys.goTo, run: () => views.switcher.open() },
    { keys: ['Alt+ArrowUp'], text: texts.keys.before, run: () => go(-1) },
    { keys: ['Alt+ArrowDown'], text: texts.keys.after, run: () => go(1) },
    { keys: ['Alt+Shift+ArrowUp'], text: texts.keys.unreadBefore, run: () => go(-1, hasUnread) },
    { keys: ['Alt+Shift+ArrowDown'], text: texts.keys.unreadAfter, run: () => go(1, hasUnread) },
    { keys: ['PageUp'], text: texts.keys.pageUp, run: () => page(-1) },
    { keys: ['PageDown'], text: texts.keys.pageDown, run: () => page(1) },
    { keys: ['Escape'], text: texts.keys.escape, run: () => escape(views) },
    { keys: ['Enter'], text: texts.keys.send },
    { keys: ['Shift+Enter'], text: texts.keys.line },
    { keys: ['Tab', 'Shift+Tab'], text: texts.keys.complete },
    { keys: ['ArrowUp', 'ArrowDown'], text: texts.keys.recall },
  ];
  listen(table.filter(({ run }) => run));
  walkLists($('rooms'), $('directs'), $('elsewhere'), $('people'));
  $('skip').onclick = () => views.composer.focus();
  return table;
}

const hasUnread = (link) => link.querySelector('.unread')?.hidden === false;

// In the order in which the places stand beside the messages.
function go(step, wanted) {
  const links = [...document.querySelectorAll('#rooms .room-link, #directs .room-link')];
  const next = further(links, links.find((link) => link.ariaCurrent), step, wanted);
  next?.click();
}

function page(step) {
  $('log').scrollBy({ top: step * $('log').clientHeight * 0.85 });
}

// One thing at a time: what lies over the messages, then the notice, then the way back to the newest.
function escape({ panels, status, log, composer }) {
  if (panels.close()) return;
  if (!$('notice').hidden) return void status.notice(null);
  log.toEnd();
  composer.focus();
}
