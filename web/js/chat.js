// What a person sees of the chat, as state: the client's events go into rooms, conversations and typing news. Free of the page, so that its
// tests need no browser.

import { ChatBridge, newId } from '../client.js';
import { realClock } from './clock.js';
import { Directs, keyOf } from './directs.js';
import { fold } from './names.js';
import { Store } from './store.js';
import { Tabs } from './tabs.js';
import { TypingNews, Typists } from './typing.js';

const MEMBERS_AGAIN = 5_000;
const SAVE_AGAIN = 1_000;

/** What waits or failed, as it stands in a place: that of a direct message is the key of its conversation. */
const placed = (item) => (item.to === undefined ? item : { ...item, room: keyOf(item.to) });

export class Chat {
  #keep; #on; #clock; #tabs;
  #unsaved = false;            // something of the conversations
  #resting = false;            // they were saved a moment ago
  #askedMembers = new Map();

  /**
   * client: what ChatBridge takes. keep: {directs, saveDirects(directs), readTo(room), saveRead(marks)}: conversations, and how far rooms were read,
   * outlive the page. channel: to the other tabs.
   * on: {change(), welcomed(room), nick(nick), bye(frame), error(frame), direct(conversation), moved({from, to})}: all optional. `direct`: something
   * new in a conversation nobody looks at; `moved`: one has another key; an error with `renaming` is about that name.
   */
  constructor({ client, keep = {}, channel = null, on = {} }, surroundings = {}) {
    this.#keep = keep;
    this.#on = on;
    this.#clock = surroundings.clock ?? realClock;
    this.store = new Store(keep.readTo);
    this.directs = new Directs(keep.directs ?? []);
    this.client = new ChatBridge(client, surroundings);
    this.typists = new Typists({ clock: this.#clock, changed: () => this.#changed() });
    this.news = new TypingNews({ clock: this.#clock, send: (room) => this.client.typing(room) });
    this.#tabs = new Tabs({ channel, id: newId(), on: {
      direct: (frame) => { if (!this.item(frame.id)) this.#received(frame); },  // what went out here is said when it is acknowledged
      asked: () => this.directs.save(),
      conversations: (kept) => { this.directs.adopt(kept); this.#saveDirects(); this.#changed(); },
    } });
    this.#tabs.ask();
    this.#withConversations();
    this.#listen();
  }

  get state() { return this.client.state; }
  get connected() { return this.client.connected; }
  get wanted() { return this.client.wanted; }
  set wanted(nick) { this.client.wanted = nick; }

  start() { this.client.connect(); }
  stop() { this.client.close(); }
  wake() { this.client.wake(); }

  join(name) {
    this.store.add(name);
    this.client.join(name);
    this.#changed();
  }

  leave(name) {
    this.client.leave(name);
    this.store.remove(name);
    this.typists.clear(name);
    this.#changed();
  }

  /** A room or a conversation is looked at from now on. */
  show(place) {
    this.store.show(place);
    this.directs.show(place);
    this.#saveDirects();
    this.#changed();
  }

  /** Whether somebody looks at the page. */
  attend(attentive) {
    this.store.attend(attentive);
    if (this.directs.attend(attentive)) this.#saveDirects();
  }

  /** A place was looked at in another tab, a room up to {epoch, seq}. */
  read(place, upTo) {
    this.store.read(place, upTo);
    if (this.directs.read(place)) this.#saveDirects();
  }

  /** Puts a conversation out of sight, and what waits in it away. */
  close(key) {
    this.#drop(key);
    this.directs.close(key);
    this.#saveDirects();
    this.#changed();
  }

  /** A conversation that came to nothing. */
  forget(key) {
    this.#drop(key);
    this.directs.forget(key);
    this.#saveDirects();
    this.#changed();
  }

  /** The conversation with someone, begun if need be, under the name as it is written in a room. */
  converse(nick) {
    const known = [...this.store.rooms.values()].flatMap((room) => [...room.members?.keys() ?? []]).find((each) => fold(each) === fold(nick));
    const conversation = this.directs.begin(known ?? nick);
    this.#saveDirects();
    this.#changed();
    return conversation;
  }

  /** Says something; gives the message's id. */
  say(room, text, how) { return this.client.send(room, text, how).id; }
  direct(nick, text) { return this.client.direct(this.converse(nick).nick, text).id; }

  retry(id) { this.client.retry(id); }
  discard(id) { return this.client.discard(id); }

  /** What waits for a place, or failed there. */
  outgoing(place) { return this.client.outbox.map(placed).filter((item) => item.room === place); }
  item(id) { return this.client.outbox.map(placed).find((item) => item.id === id); }
  get waiting() { return this.client.outbox.some((item) => item.state === 'pending'); }

  /** The box holds this now, by the person's own hand. */
  typed(place, text) { this.news.typed(place, text); }

  note(place, text) {
    this.store.note(place, text);
    this.directs.note(place, text);
    this.#changed();
  }

  /** What is not saved yet is. The page may be about to go. */
  save() {
    this.#keep.saveRead?.(this.store.marks);
    this.#writeDirects();
  }

  /** Messages left behind by others of ours. */
  adopt(items) {
    this.client.adopt(items);
    this.#withConversations();
  }

  /** False when it can only be wished for: it is then asked for at the next greeting. */
  rename(nick) {
    this.client.rename(nick).catch((error) => { if (error.code !== 'replaced') this.#on.error?.({ ...error, message: error.message, renaming: nick }); });
    return this.connected;
  }

  history(name, limit = 50) {
    const before = this.store.oldest(name);
    const room = this.store.rooms.get(name);
    if (before === null || !room.joined || room.loading) return false;
    room.loading = true;
    this.client.history(name, { before, limit }).then((frame) => this.store.history(frame), () => { room.loading = false; }).finally(() => this.#changed());
    this.#changed();
    return true;
  }

  /** The answer to who is there. */
  async who(room) {
    const frame = await this.client.who(room);
    this.store.members(frame);
    this.#changed();
    return frame;
  }

  #listen() {
    const handlers = {
      state: (state) => this.#stateChanged(state),
      welcome: (frame) => this.#welcome(frame),
      joined: (frame) => this.store.joined(frame),
      message: (frame) => this.#message(frame),
      outbox: (news) => this.#became(news),
      gap: (frame) => this.store.gap(frame),
      direct: (frame) => this.#direct(frame),
      typing: (frame) => this.#typing(frame),
      presence: (frame) => this.#presence(frame),
      nick: (frame) => this.#renamed(frame),
      error: (frame) => this.#on.error?.(frame),
      bye: (frame) => this.#on.bye?.(frame),
      latency: () => {},
    };
    for (const [type, handle] of Object.entries(handlers)) this.client.on(type, (detail) => { handle(detail); this.#changed(); });
  }

  #stateChanged(state) {
    if (state.name === 'connected') return;
    this.store.disconnected();
    this.typists.clear();
  }

  #welcome({ nick, room }) {
    this.store.nick = nick;
    this.directs.called(nick);
    this.#on.welcomed?.(room);
  }

  #message(frame) {
    this.store.message(frame, frame.mine);
    this.typists.stopped(frame.room, frame.nick);
  }

  #became({ item, change }) {
    if (item.to === undefined) {
      if (change === 'unseen') this.store.settle(item.room, item);
    } else if (change === 'seen') {
      const at = this.#clock.now();
      this.#tabs.direct({ nick: this.store.nick, to: item.to, at: new Date(at).toISOString(), via: 'ws', text: item.text, id: item.id });
      this.directs.said(item, at);
      this.#saveDirects();
    } else if (change === 'failed' && item.code === 'no_such_nick' && item.asked === item.to) {
      this.directs.gone(keyOf(item.to));
    }
  }

  #direct(frame) {
    if (this.#tabs.direct(frame)) this.#received(frame);
  }

  #received(frame) {
    const unread = this.directs.received(frame);
    this.#saveDirects();
    if (unread) this.#on.direct?.(unread);
    this.#changed();
  }

  #typing({ room, nick }) {
    if (this.store.rooms.get(room)?.joined && typeof nick === 'string' && nick !== this.store.nick) this.typists.heard(room, nick);
  }

  #renamed(frame) {
    if (frame.old !== undefined) this.typists.renamed(frame.room, frame.old, frame.nick);
    this.store.renamed(frame);
    if (frame.self) {
      this.directs.called(frame.nick);
      this.#on.nick?.(frame.nick);
    } else this.#follow(frame);
  }

  // Who shares several rooms with us is announced in each of them; the first time moves the conversation.
  #follow({ old, nick }) {
    if (!this.directs.conversations.has(keyOf(old))) return;
    const moved = this.directs.renamed(old, nick);
    if (moved) {
      if (this.store.current === moved.from) this.store.current = moved.to;
      this.#on.moved?.(moved);
    }
    this.#saveDirects();
  }

  #presence(frame) {
    this.store.presence(frame);
    for (const gone of frame.left ?? []) this.typists.stopped(frame.room, gone?.nick ?? gone);
    this.#completeMembers(frame);
  }

  // A crowd that became small again is named only from then on; the rest of the names has to be asked for.
  #completeMembers({ room: name, joined, left }) {
    const room = this.store.rooms.get(name);
    if (!room || room.members || !(joined || left)) return;
    if (this.#clock.now() - (this.#askedMembers.get(name) ?? -Infinity) < MEMBERS_AGAIN) return;
    this.#askedMembers.set(name, this.#clock.now());
    this.who(name).catch(() => {});
  }

  #drop(key) {
    for (const { id } of this.outgoing(key)) this.client.discard(id);
    if (this.store.current === key) this.store.current = null;
  }

  // What waits must be seen, whatever became of its conversation.
  #withConversations() {
    for (const { to } of this.client.outbox) if (to !== undefined) this.directs.begin(to);
  }

  // It may be much: at once when it is the first in a while, and what follows together.
  #saveDirects() {
    this.#unsaved = true;
    if (this.#resting) return;
    this.#resting = true;
    this.#writeDirects();
    this.#clock.setTimeout(() => {
      this.#resting = false;
      if (this.#unsaved) this.#saveDirects();
    }, SAVE_AGAIN);
  }

  #writeDirects() {
    if (this.#unsaved) this.#keep.saveDirects?.(this.directs.save());
    this.#unsaved = false;
  }

  #changed() { this.#on.change?.(); }
}
