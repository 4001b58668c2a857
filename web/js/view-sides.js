// The lists beside the messages: rooms, conversations, people.

import { $, arrange, element, icon, nickElement, set, setText } from './view.js';
import { fold, isPerson } from './names.js';
import { PeopleSearch } from './search.js';
import { viaElement } from './view-message.js';
import * as texts from './texts.js';

const MANY = 12;  // from so many people on they can be searched
const order = new Intl.Collator(undefined, { numeric: true });

export class RoomsView {
  #made = new Map();

  /** on: {show(room), leave(room), join(room)} */
  constructor(on) {
    this.on = on;
    $('rooms').onclick = (event) => {
      const button = event.target.closest('button');
      if (button?.dataset.leave) on.leave(button.dataset.leave);
      else if (button) on.show(button.dataset.room);
    };
    $('elsewhere').onclick = (event) => {
      const button = event.target.closest('button');
      if (button) on.join(button.dataset.room);
    };
  }

  /** rooms: the store's; others: [{room, count}] of the server; isMuted(name). */
  render(rooms, current, others, isMuted = () => false) {
    const made = new Map();
    for (const { name, unread, mentions } of rooms) {
      const item = this.#made.get(name) ?? this.#item(name);
      const [button] = item.children;
      set(button, 'aria-current', name === current ? 'true' : undefined);
      item.classList.toggle('muted', isMuted(name));
      renderUnread(button.lastChild, unread, mentions);
      made.set(name, item);
    }
    this.#made = made;
    arrange($('rooms'), [...made.values()]);

    const names = new Set(rooms.map((room) => room.name));
    const elsewhere = others.filter(({ room }) => !names.has(room)).slice(0, 30);
    $('elsewhere-block').hidden = elsewhere.length === 0;
    const signature = JSON.stringify(elsewhere);
    if ($('elsewhere').signature !== signature) {
      $('elsewhere').signature = signature;
      $('elsewhere').replaceChildren(...elsewhere.map(({ room, count }) => element('li', '', {},
        element('button', 'room-link', { type: 'button', 'data-room': room },
          element('span', 'room-name', {}, room), element('span', 'total', {}, String(count), element('span', 'hidden', {}, texts.here))))));
    }
  }

  #item(name) {
    return element('li', '', {},
      element('button', 'room-link', { type: 'button', 'data-room': name },
        element('span', 'room-name', {}, name),
        unreadElement()),
      element('button', 'icon leave', { type: 'button', 'data-leave': name, title: texts.leave(name) },
        icon('close'), element('span', 'hidden', {}, texts.leave(name))));
  }
}

export class DirectsView {
  #made = new Map();

  /** on: {show(key), close(key)} */
  constructor(on) {
    $('directs').onclick = (event) => {
      const button = event.target.closest('button');
      if (button?.dataset.close) on.close(button.dataset.close);
      else if (button) on.show(button.dataset.key);
    };
  }

  render(conversations, current, isMuted = () => false) {
    const made = new Map();
    for (const conversation of conversations) {
      const item = this.#made.get(conversation) ?? this.#item();
      const { key, nick, unread } = conversation;
      const [button, close] = item.children;
      set(button, 'data-key', key);
      set(button, 'aria-current', key === current ? 'true' : undefined);
      setText(button.firstChild, nick);
      item.classList.toggle('muted', isMuted(key));
      renderUnread(button.lastChild, unread);
      set(close, 'data-close', key);
      set(close, 'title', texts.close(nick));
      setText(close.lastChild, texts.close(nick));
      made.set(conversation, item);
    }
    this.#made = made;
    $('directs-block').hidden = made.size === 0;
    arrange($('directs'), [...made.values()]);
  }

  #item() {
    return element('li', '', {},
      element('button', 'room-link', { type: 'button' }, element('span', 'room-name person-name', { dir: 'auto' }), unreadElement()),
      closeElement());
  }
}

/** The person at this screen, and whoever shares the room or conversation. */
export class PeopleView {
  #made = new Map();

  /** on: {write(nick), filter(): what is searched has changed; who(room, prefix, limit)} */
  constructor(on) {
    this.filter = $('people-filter');
    this.search = new PeopleSearch(on.who, on.filter);
    this.filter.oninput = () => on.filter();
    this.filter.onkeydown = (event) => {
      if (event.key === 'ArrowDown') $('people').querySelector('button')?.focus();
      else if (event.key === 'Escape' && this.filter.value) {
        this.filter.value = '';
        on.filter();
      } else return;
      event.preventDefault();
    };
    $('people').onclick = (event) => {
      const nick = event.target.closest('button')?.dataset.write;
      if (nick) on.write(nick);
    };
  }

  /** members: Map(nick -> {via}), or null when only their number is known. */
  render({ members, count }, self, place) {
    setText($('people-count'), count ? String(count) : '');
    setText($('people-total'), count ? String(count) : '');
    $('crowd').hidden = Boolean(members) || count === 0;
    if (!$('crowd').hidden) setText($('crowd'), texts.crowd(count));

    const wanted = this.#wanted(place, count);
    const people = members ?? this.search.find(place, wanted);
    const list = [...people ?? []].filter(([nick]) => fold(nick).includes(fold(wanted))).sort(([a], [b]) => (a === self ? -1 : b === self ? 1 : order.compare(a, b)));
    setText($('people-found'), wanted && people ? texts.found(list.length) : '');
    // One element a person for as long as nothing of theirs changes: whoever stands on one with the keyboard stays there.
    const made = new Map(list.map(([nick, { via }]) => {
      const key = JSON.stringify([nick, via, nick === self]);
      return [key, this.#made.get(key) ?? personElement(nick, via, nick === self)];
    }));
    this.#made = made;
    arrange($('people'), [...made.values()]);
  }

  // Where few are there is nothing to search, and nobody must stay hidden.
  #wanted(place, count) {
    if (place !== this.place || count < MANY) this.filter.value = '';
    this.place = place;
    this.filter.hidden = count < MANY;
    return this.filter.value.trim().replace(/^@/, '');
  }
}

function personElement(nick, via, self) {
  const parts = [nickElement(nick), self ? element('span', 'you', {}, texts.you) : null, via ? viaElement(via) : null];
  return element('li', 'person-row', { 'data-nick': nick }, self || !isPerson(nick)
    ? element('span', 'person-link', {}, ...parts)
    : element('button', 'person-link', { type: 'button', 'data-write': nick, title: texts.write(nick) }, ...parts));
}

function unreadElement() {
  return element('span', 'unread', {}, element('span'), element('span', 'hidden'));
}

// Where somebody is meant the badge stands out: all of it is for them in a conversation, in a room the mentions are.
function renderUnread(badge, unread, mentions) {
  const shown = mentions || unread;
  badge.hidden = unread === 0;
  badge.classList.toggle('calm', mentions === 0);
  setText(badge.firstChild, `${mentions ? '@' : ''}${shown > 99 ? '99+' : shown}`);
  set(badge.firstChild, 'aria-hidden', mentions ? 'true' : undefined);
  setText(badge.lastChild, `${mentions ? ` ${unread}` : ''}${texts.unreadOf(mentions)}`);
}

function closeElement() {
  return element('button', 'icon leave', { type: 'button' }, icon('close'), element('span', 'hidden'));
}
