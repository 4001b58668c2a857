// Being told, put together: what waits in the rooms and conversations, what somebody wants to know of it, and the browser around the page.

import { Alerts, keyOfPlace } from './alerts.js';
import { AlertsView } from './view-alerts.js';
import { Chime } from './chime.js';
import { Notifier } from './notifier.js';
import { Preferences } from './preferences.js';
import { channel, guarded } from './storage.js';
import { Title } from './title.js';
import * as texts from './texts.js';

export class Alerting {
  #chat; #store; #changed; #alerts; #view; #notifier;
  #preferences = new Preferences(guarded(() => localStorage));
  #chime = new Chime();
  #title = new Title();

  /** go(key): to a room, or to a conversation; changed(): what is shown may have changed. */
  constructor(chat, { go, changed }) {
    const { store, directs } = chat;
    this.#chat = chat;
    this.#store = store;
    this.#changed = changed;
    this.#notifier = new Notifier(go);
    this.#alerts = new Alerts({
      places: () => [...store.rooms.values(), ...directs.conversations.values()],
      self: () => store.nick,
      isShown: (place) => isVisible() && keyOfPlace(place) === store.current,
      isLookedAt: (place) => isAttentive() && keyOfPlace(place) === store.current,
      muted: () => this.#preferences.muted,
      tell: (news) => this.#tell(news),
      withdraw: (key) => this.#notifier.withdraw(key),
      total: (n) => this.#title.count(n),
      read: (key, upTo) => this.#read(key, upTo),
    }, { channel: channel('chatbridge.alerts') });
    this.#view = new AlertsView({ preferences: this.#preferences, notifier: this.#notifier, chime: this.#chime, changed: () => this.#again() });
    for (const change of ['focus', 'blur']) addEventListener(change, () => this.attend());
    document.addEventListener('visibilitychange', () => this.attend());
  }

  /** The state may have changed. Not by the drawing of the page, which rests while nobody looks. */
  look() { this.#alerts.look(); }

  /** What comes while nobody looks is unread. */
  attend() {
    this.#chat.attend(isAttentive());
    this.#again();
  }

  isMuted = (key) => this.#preferences.isMuted(key);

  /** A conversation has another key now. */
  move(from, to) { this.#preferences.move(from, to); }

  /** name: of the place that is shown, if any. */
  render(name) {
    this.#title.place(name);
    this.#view.renderBell(name === undefined ? null : { key: this.#store.current, name });
  }

  #tell({ place, count, entry }) {
    if (this.#preferences.sound) this.#chime.play();
    if (entry && this.#preferences.desktop) this.#notifier.show(keyOfPlace(place), ...texts.alert(entry, count, place.name));
  }

  // In another tab of ours.
  #read(key, upTo) {
    this.#chat.read(key, upTo);
    this.#again();
  }

  #again() {
    this.#alerts.look();
    this.#changed();
  }
}

const isVisible = () => document.visibilityState === 'visible';
const isAttentive = () => isVisible() && document.hasFocus();
