// The panel that says how others get in, with a button to copy each way.

import { $, element, setText } from './view.js';
import { askServer, missing, ways } from './invite.js';
import { viaElement } from './view-message.js';
import { openDialog, wireDialog } from './view-dialog.js';
import * as texts from './texts.js';

const TOLD = 2_000;

export class InviteView {
  #server = null;

  /** room(): the one to invite to, or null. */
  constructor(room) {
    this.room = room;
    this.dialog = wireDialog('invite');
    $('open-invite').onclick = () => this.open();
    this.dialog.addEventListener('click', ({ target }) => {
      const button = target.closest('button.copy');
      if (button) this.#copy(button);
    });
  }

  /** False: there is no room to invite to. */
  open() {
    const room = this.room();
    if (!room) return false;
    setText($('invite-title'), texts.invite.title(room));
    $('invite-ways').replaceChildren(element('p', 'field-hint', {}, texts.invite.asking));
    $('invite-ways').scrollTop = 0;
    openDialog(this.dialog);
    this.#ask(room);
    return true;
  }

  // Each time, as a server that was restarted may listen elsewhere; without an answer what it said last will do.
  async #ask(room) {
    try {
      this.#server = await askServer();
    } catch {
      if (!this.#server) return $('invite-ways').replaceChildren(element('p', 'field-hint', {}, texts.invite.unknown));
    }
    return this.#show(room, this.#server);
  }

  #show(room, server) {
    const apart = server.relay === 'verbatim' && room !== server.room;
    const notes = [apart && texts.invite.oneRoom(server.room), ...missing(server), texts.invite.ports].filter(Boolean);
    $('invite-ways').replaceChildren(
      ...ways(location, server, room).map(wayElement),
      ...notes.map((note) => element('p', 'field-hint', {}, note)));
  }

  async #copy(button) {
    const code = button.parentElement.querySelector('code');
    const done = await copy(code);
    const label = button.querySelector('.label');
    setText(label, done ? texts.copied : texts.copy);
    setText($('invite-news'), '');
    setText($('invite-news'), done ? texts.copied : texts.copyYourself);
    const why = button.parentElement.querySelector('.why');
    why.hidden = done;
    if (done) setTimeout(() => setText(label, texts.copy), TOLD);
  }
}

function wayElement({ title, via, code, hint }) {
  return element('section', 'way', {},
    element('h3', '', {}, title, ' ', viaElement(via)),
    hint ? element('p', 'field-hint', {}, hint) : null,
    element('div', 'code', {},
      element('pre', '', {}, element('code', '', {}, code)),
      element('button', 'quiet copy', { type: 'button' }, element('span', 'label', {}, texts.copy), element('span', 'hidden', {}, ` ${title}`)),
      element('p', 'why', { hidden: '' }, texts.copyYourself)));
}

/** Copies what stands in an element. Browsers give the clipboard itself only to pages that came safely; to others the older way is left. */
export async function copy(target) {
  try {
    await navigator.clipboard.writeText(target.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(target);
    const done = document.execCommand('copy');
    if (done) getSelection().removeAllRanges();
    return done;  // else it stays selected, for the hand
  }
}
