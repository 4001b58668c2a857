// The name somebody has: asked for on the first visit.

import { $, set, setText } from './view.js';
import { isNick } from './names.js';
import * as texts from './texts.js';

/** Shows the welcome form; done(nick) with '' for a guest. */
export function askNick(room, done) {
  if (room) setText($('welcome-title'), texts.welcome(room));
  $('welcome').hidden = false;
  const box = $('welcome-nick');
  box.focus();
  $('welcome-form').onsubmit = (event) => {
    event.preventDefault();
    const nick = box.value.trim();
    if (nick && !isNick(nick)) return complain(box, $('welcome-hint'));
    $('welcome').hidden = true;
    return done(nick);
  };
}

/** What stands in the box is no name. */
export function complain(box, hint) {
  set(box, 'aria-invalid', 'true');
  setText(hint, texts.badNick);
  box.focus();
}
