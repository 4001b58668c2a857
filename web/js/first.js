// The first words to somebody new. One goes to them when the server knows them, so that a slip of the pen begins no conversation and leads out
// of no room.

import { keyOf } from './directs.js';

const PATIENCE = 2_000;

export class FirstWords {
  #chat; #on;
  #said = null;  // {id, place, until}: from a place that is left when they are there

  /** on: {go(nick), nobody(item, place): there is no such person, again(): look once more} */
  constructor(chat, on) {
    this.#chat = chat;
    this.#on = on;
  }

  say(nick, text) {
    const { directs, store, connected } = this.#chat;
    const known = directs.conversations.has(keyOf(nick));
    const id = this.#chat.direct(nick, text);
    if (known || !connected || !store.current) return this.#on.go(nick);
    this.#said = { id, place: store.current, until: Date.now() + PATIENCE };
    setTimeout(this.#on.again, PATIENCE);
  }

  /** The state may have changed. */
  look() {
    if (!this.#said) return;
    const { id, place, until } = this.#said;
    const { directs, store, connected } = this.#chat;
    const item = this.#chat.item(id);
    if (item?.state === 'pending' && connected && Date.now() < until) return;
    this.#said = null;
    const conversation = [...directs.conversations.values()].find((each) => (item ? each.key === item.room : each.entries.at(-1)?.id === id));
    if (!conversation) return;
    if (item?.code === 'no_such_nick' && this.#chat.outgoing(item.room).length === 1 && store.current !== item.room
      && !conversation.entries.some((entry) => entry.kind === 'message')) {
      this.#chat.forget(item.room);
      this.#on.nobody(item, place);
    } else if (store.current === place) this.#on.go(conversation.nick);
  }
}
