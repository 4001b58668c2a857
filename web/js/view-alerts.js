// What is set about being told: in the settings for all places, with the bell for the one that is shown.

import { $, set, setText } from './view.js';
import { KEY } from './preferences.js';
import * as texts from './texts.js';

export class AlertsView {
  /** preferences, notifier, chime: as they are; changed(): something was set. */
  constructor({ preferences, notifier, chime, changed }) {
    Object.assign(this, { preferences, notifier, chime, changed });
    $('alert-desktop').onchange = ({ target }) => this.#desktop(target.checked);
    $('alert-sound').onchange = ({ target }) => {
      preferences.sound = target.checked;
      if (target.checked) chime.play();
    };
    $('mute').onclick = () => {
      preferences.mute(this.place, !preferences.isMuted(this.place));
      changed();
    };
    $('settings').addEventListener('focusin', () => this.render());  // whatever was allowed or denied meanwhile
    addEventListener('storage', ({ key }) => { if (key === KEY || key === null) changed(); });  // in another tab
    this.render();
  }

  render() {
    const { state } = this.notifier;
    const possible = state === 'granted' || state === 'default';
    $('alert-desktop').disabled = !possible;
    $('alert-desktop').checked = state === 'granted' && this.preferences.desktop;
    setText($('alert-desktop-why'), texts.alertsWhy(state));
    $('alert-sound').disabled = !this.chime.possible;
    $('alert-sound').checked = this.chime.possible && this.preferences.sound;
  }

  /** The bell of a place: {key, name}, or null. */
  renderBell(place) {
    this.place = place?.key;
    $('mute').hidden = !place;
    if (!place) return;
    const muted = this.preferences.isMuted(place.key);
    set($('mute'), 'aria-pressed', muted);
    set($('mute').querySelector('use'), 'href', muted ? '#i-bell-off' : '#i-bell');
    set($('mute'), 'title', muted ? texts.unmute(place.name) : texts.mute(place.name));
    setText($('mute').lastElementChild, texts.mute(place.name));
  }

  async #desktop(on) {
    this.preferences.desktop = on && await this.notifier.ask();
    if (this.preferences.desktop) this.notifier.show('', 'chatbridge', texts.alertsOn);  // shows what they look like, and whether they can be shown
    this.render();
  }
}
