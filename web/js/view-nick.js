// The two places where a name is asked for: on the first visit, and whenever someone wants another.

import { $, set, setText } from './view.js';
import { isNick } from './names.js';
import * as texts from './texts.js';

/** Shows the welcome form; done(nick) with '' for a guest. */
export function askNick(room, done) {
  if (room) setText($('welcome-title'), `Come in to ${room}`);
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

/** Wires the settings; change(nick) when another name was given. */
export function offerNick(current, change) {
  const dialog = $('settings');
  const box = $('settings-nick');
  const calm = $('settings-hint').textContent;
  $('me').onclick = () => {
    box.value = current();
    setText($('settings-hint'), calm);
    set(box, 'aria-invalid', undefined);
    dialog.showModal();
    box.select();
  };
  $('settings-cancel').onclick = () => dialog.close();
  $('settings-form').onsubmit = (event) => {
    event.preventDefault();
    const nick = box.value.trim();
    if (!isNick(nick)) return complain(box, $('settings-hint'));
    dialog.close();
    if (nick !== current()) change(nick);
    return undefined;
  };
}

function complain(box, hint) {
  set(box, 'aria-invalid', 'true');
  setText(hint, texts.badNick);
  box.focus();
}
