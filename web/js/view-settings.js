// The settings: a name, the colours, and whatever else has a form or fieldset of class "setting" in the dialog.

import { $, set, setText } from './view.js';
import { isNick } from './names.js';
import { theme, setTheme } from './theme.js';
import { complain } from './view-nick.js';
import { openDialog, wireDialog } from './view-dialog.js';
import * as texts from './texts.js';

export class SettingsView {
  #calm = $('settings-hint').textContent;

  /** on: {nick(): the one there is, rename(nick)} */
  constructor(on) {
    this.on = on;
    this.dialog = wireDialog('settings');
    this.box = $('settings-nick');
    $('me').onclick = () => this.open();
    $('settings-form').onsubmit = (event) => {
      event.preventDefault();
      this.#rename(this.box.value.trim());
    };
    $('settings-theme').onchange = ({ target }) => setTheme(target.value);
    $('settings-plain').hidden = isSecureContext;
    setText($('settings-plain'), texts.plainHttp);
  }

  open() {
    this.box.value = this.on.nick();
    setText($('settings-hint'), this.#calm);
    set(this.box, 'aria-invalid', undefined);
    for (const choice of $('settings-theme').elements) choice.checked = choice.value === theme();
    openDialog(this.dialog);
    this.box.select();
  }

  #rename(nick) {
    if (!isNick(nick)) return complain(this.box, $('settings-hint'));
    this.dialog.close();
    if (nick !== this.on.nick()) this.on.rename(nick);
    return undefined;
  }
}
