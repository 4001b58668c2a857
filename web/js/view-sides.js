// The two lists beside the messages: rooms and people.

import { $, arrange, element, nickElement, set, setText } from './view.js';
import { viaElement } from './view-message.js';
import * as texts from './texts.js';

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

  /** rooms: the store's; others: [{room, count}] of the server. */
  render(rooms, current, others) {
    const made = new Map();
    for (const { name, unread } of rooms) {
      const item = this.#made.get(name) ?? this.#item(name);
      const [button] = item.children;
      set(button, 'aria-current', name === current ? 'true' : undefined);
      const badge = button.lastChild;
      badge.hidden = unread === 0;
      setText(badge.firstChild, unread > 99 ? '99+' : String(unread));
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
          element('span', 'room-name', {}, room), element('span', 'total', {}, String(count), element('span', 'hidden', {}, ' here'))))));
    }
    $('unread-dot').hidden = !rooms.some((room) => room.unread > 0);
  }

  #item(name) {
    return element('li', '', {},
      element('button', 'room-link', { type: 'button', 'data-room': name },
        element('span', 'room-name', {}, name),
        element('span', 'unread', {}, element('span'), element('span', 'hidden', {}, ' unread'))),
      element('button', 'icon leave', { type: 'button', 'data-leave': name, title: `Leave ${name}` },
        element('span', 'cross', { 'aria-hidden': 'true' }), element('span', 'hidden', {}, `Leave ${name}`)));
  }
}

export class PeopleView {
  #signature = null;

  render(room, self) {
    const members = room?.members;
    const count = room?.count ?? 0;
    setText($('people-count'), count ? String(count) : '');
    setText($('people-total'), count ? String(count) : '');
    $('crowd').hidden = !room || Boolean(members) || count === 0;
    if (!$('crowd').hidden) setText($('crowd'), texts.crowd(count));

    const list = members ? [...members].sort(([a], [b]) => (a === self ? -1 : b === self ? 1 : order.compare(a, b))) : [];
    const signature = JSON.stringify([self, list]);
    if (signature === this.#signature) return;
    this.#signature = signature;
    $('people').replaceChildren(...list.map(([nick, { via }]) => element('li', 'person-row', { 'data-nick': nick },
      nickElement(nick),
      nick === self ? element('span', 'you', {}, 'you') : null,
      via ? viaElement(via) : null)));
  }
}
