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
    this.dialog.scrollTop = 0;
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
    const way = button.closest('.way');
    const done = await copy(way.querySelector('code'));
    const label = button.querySelector('.label');
    setText(label, done ? texts.copied : texts.copy);
    setText($('invite-news'), '');
    setText($('invite-news'), done ? texts.copied : texts.copyYourself(isSecureContext));
    way.querySelector('.why')?.remove();
    if (!done) way.append(element('p', 'why', {}, texts.copyYourself(isSecureContext)));
    else setTimeout(() => setText(label, texts.copy), TOLD);
  }
}

function wayElement({ title, via, code, hint }) {
  return element('section', 'way', {},
    element('header', '', {},
      element('h3', '', {}, title), viaElement(via),
      element('button', 'quiet copy', { type: 'button' }, element('span', 'label', {}, texts.copy), element('span', 'hidden', {}, ` ${title}`))),
    element('pre', '', {}, element('code', '', {}, code)),
    hint ? element('p', 'field-hint', {}, hint) : null);
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
