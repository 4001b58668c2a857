// Connection, outbox, store and conversations together: one person in any number of rooms. Free of the page, so that its tests and other programs can use it.

import { Connection } from './connection.js';
import { Directs } from './directs.js';
import { fold } from './names.js';
import { DIRECT, Outbox, isLater } from './outbox.js';
import { Store } from './store.js';
import { TypingNews, Typists } from './typing.js';

const MEMBERS_AGAIN = 5_000;
const JOIN_AGAIN = 3_000;
const realClock = { now: () => Date.now(), setTimeout: (f, ms) => setTimeout(f, ms), clearTimeout: (timer) => clearTimeout(timer) };

export class Chat {
  #keep; #on; #clock; #timer = null;
  #before;  // the name wished for before the one that is asked for
  #askedMembers = new Map();
  #wholeList = new Set();      // rooms whose next `members` answers a person's question
  defaultRoom = null;
  session;

  /**
   * keep: {session, nick, items, directs, saveSession(id), saveItems(items), saveDirects(directs)}: what outlives the program.
   * on: {change(), welcomed(room), nick(nick), error(frame), members(frame), direct(conversation), moved({from, to})}: all optional. `direct`:
   * something new in a conversation nobody looks at; `moved`: one has another key.
   */
  constructor({ url, keep = {}, on = {}, clock = realClock, id, ...rest }) {
    this.#keep = keep;
    this.#on = on;
    this.#clock = clock;
    this.session = keep.session ?? null;
    this.wanted = keep.nick ?? '';
    this.store = new Store();
    this.directs = new Directs(keep.directs ?? []);
    this.outbox = new Outbox({ items: keep.items, save: keep.saveItems, now: clock.now, id });
    this.#withConversations();
    this.typists = new Typists({ clock, changed: () => this.#changed() });
    this.news = new TypingNews({ clock, send: (room) => this.#sendTyping(room) });
    this.connection = new Connection({
      url, clock, ...rest,
      hello: () => this.#hello(),
      onFrame: (frame) => this.#apply(frame),
      onState: (state) => this.#stateChanged(state),
    });
  }

  get connected() { return this.connection.state.name === 'connected'; }

  /** Another name was asked for, and there is no answer yet. */
  get renaming() { return this.#before !== undefined; }

  start() { this.connection.start(); }
  stop() { this.connection.stop(); }
  wake() { this.connection.wake(); }

  join(name) {
    if (!this.store.rooms.has(name)) {
      this.store.add(name);
      if (this.connected) this.#sendJoin(this.store.rooms.get(name));
    }
    this.#changed();
  }

  leave(name) {
    if (!this.store.rooms.get(name)?.refused) this.connection.send({ type: 'leave', room: name });
    this.outbox.close(name);
    this.outbox.drop(name);
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

  /** Puts a conversation out of sight, and what waits in it away. */
  close(key) {
    this.outbox.drop(key);
    this.directs.close(key);
    if (this.store.current === key) this.store.current = null;
    this.#saveDirects();
    this.#changed();
  }

  /** A conversation that came to nothing. */
  forget(key) {
    this.outbox.drop(key);
    this.directs.forget(key);
    if (this.store.current === key) this.store.current = null;
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

  direct(nick, text) {
    const conversation = this.converse(nick);
    const item = this.outbox.add(conversation.key, text, { to: conversation.nick });
    this.#flush();
    return item;
  }

  /** The box holds this now, by the person's own hand. */
  typed(place, text) { this.news.typed(place, text); }

  note(place, text) {
    this.store.note(place, text);
    this.directs.note(place, text);
    this.#changed();
  }

  /** Messages left behind by others of ours. */
  adopt(items) {
    this.outbox.adopt(items);
    this.#withConversations();
    this.#flush();
  }

  say(room, text, { action } = {}) {
    const item = this.outbox.add(room, text, { action });
    this.#flush();
    return item;
  }

  retry(id) { this.outbox.retry(id); this.#flush(); }
  discard(id) { const item = this.outbox.discard(id); this.#changed(); return item; }

  /** False when it can only be wished for: it is then asked for at the next greeting. */
  rename(nick) {
    const before = this.wanted;
    this.wanted = nick;
    if (!this.connection.send({ type: 'nick', nick })) return false;
    this.#before = before;
    return true;
  }

  history(name, limit = 50) {
    const before = this.store.oldest(name);
    const room = this.store.rooms.get(name);
    if (before === null || !room.joined || room.loading) return false;
    room.loading = this.connection.send({ type: 'history', room: name, before, limit });
    this.#changed();
    return room.loading;
  }

  /** Asks who is there; the answer comes by on.members. */
  who(name) {
    this.#wholeList.add(name);
    return this.connection.send({ type: 'who', room: name, limit: 100 });
  }

  #hello() {
    return { type: 'hello', ...(this.wanted && { nick: this.wanted }), ...(this.session && { session: this.session }) };
  }

  #stateChanged(state) {
    if (state.name !== 'connected') {
      this.outbox.disconnected();
      this.store.disconnected();
      this.typists.clear();
      this.#wholeList.clear();
    }
    this.#changed();
  }

  #apply(frame) {
    switch (frame.type) {
      case 'welcome': this.#welcome(frame); break;
      case 'joined': this.#joined(frame); break;
      case 'left': if (this.store.rooms.has(frame.room)) this.#closed(frame.room); break;
      case 'message': {
        if (this.store.rooms.has(frame.room)) this.store.message(frame, Boolean(frame.id && this.outbox.seen(frame.id)));
        this.typists.stopped(frame.room, frame.nick);
        break;
      }
      case 'ack': this.#acknowledged(frame); break;
      case 'direct': this.#direct(frame); break;
      case 'typing': this.#typing(frame); break;
      case 'history': this.store.history(frame); break;
      case 'gap': {
        for (const item of this.outbox.takeSent(frame.room, frame.from, frame.to)) this.store.settle(frame.room, item);
        this.store.gap(frame);
        break;
      }
      case 'members': this.#members(frame); break;
      case 'presence': this.#presence(frame); break;
      case 'nick': this.#renamed(frame); break;
      case 'error': this.#error(frame); break;
      default: break;  // pong, bye and what later servers may say
    }
    this.#flush();
  }

  #welcome({ nick, session, room, limits }) {
    this.store.nick = nick;
    this.directs.called(nick);
    this.session = session;
    this.defaultRoom = room;
    Object.assign(this.outbox.limits, limits);
    this.#keep.saveSession?.(session);
    this.outbox.open(DIRECT);
    for (const known of this.store.rooms.values()) this.#sendJoin(known);
    this.#on.welcomed?.(room);
  }

  #sendJoin({ name, after, epoch }) {
    this.connection.send({ type: 'join', room: name, ...(after !== undefined && { after, epoch }) });
  }

  #joined(frame) {
    if (!this.store.rooms.has(frame.room)) return;  // left again meanwhile
    // What was acknowledged in a numbering that ended stays with it, above the line.
    if (this.store.isNewEpoch(frame)) for (const item of this.outbox.takeSent(frame.room)) this.store.settle(frame.room, item);
    this.store.joined(frame);
    this.outbox.open(frame.room);
  }

  #closed(name) {
    this.outbox.close(name);
    this.store.rooms.get(name).joined = false;
  }

  // An ack for a message the stream has passed already: sent again after a reload, when this room starts at a later place.
  #settleBelow(name) {
    const { after } = this.store.rooms.get(name) ?? {};
    if (after === undefined) return;
    for (const item of this.outbox.takeSent(name, 0, after)) this.store.settle(name, item);
  }

  #acknowledged({ id, seq, room }) {
    const item = this.outbox.acknowledged(id, seq);
    if (item?.to === undefined) return this.#settleBelow(room);
    this.outbox.seen(id);  // nothing else will come of it
    this.directs.said(item, this.#clock.now());
    this.#saveDirects();
  }

  #direct(frame) {
    const unread = this.directs.received(frame);
    this.#saveDirects();
    if (unread) this.#on.direct?.(unread);
  }

  #typing({ room, nick }) {
    if (this.store.rooms.get(room)?.joined && typeof nick === 'string' && nick !== this.store.nick) this.typists.heard(room, nick);
  }

  #sendTyping(room) {
    return Boolean(this.store.rooms.get(room)?.joined) && this.connection.send({ type: 'typing', room });
  }

  #renamed(frame) {
    if (frame.old !== undefined) this.typists.renamed(frame.room, frame.old, frame.nick);
    if (this.store.renamed(frame)) {
      this.#before = undefined;
      this.directs.called(frame.nick);
      this.#on.nick?.(frame.nick);
    } else this.#follow(frame);
  }

  // Who shares several rooms with us is announced in each of them; the first time moves the conversation.
  #follow({ old, nick }) {
    const moved = this.directs.renamed(old, nick);
    if (moved) {
      this.outbox.move(moved.from, moved.to, nick);
      if (this.store.current === moved.from) this.store.current = moved.to;
      this.#on.moved?.(moved);
    }
    this.#saveDirects();
  }

  // What waits must be seen, whatever became of its conversation.
  #withConversations() {
    for (const to of this.outbox.recipients()) this.directs.begin(to);
  }

  #saveDirects() { this.#keep.saveDirects?.(this.directs.save()); }

  #presence(frame) {
    this.store.presence(frame);
    for (const gone of frame.left ?? []) this.typists.stopped(frame.room, gone?.nick ?? gone);
    this.#completeMembers(frame);
  }

  #members(frame) {
    if (this.#wholeList.delete(frame.room)) this.#on.members?.(frame);
    this.store.members(frame);
  }

  // A crowd that became small again is named only from then on; the rest of the names has to be asked for.
  #completeMembers({ room: name, joined, left }) {
    const room = this.store.rooms.get(name);
    if (!room || room.members || !(joined || left)) return;
    if (this.#clock.now() - (this.#askedMembers.get(name) ?? -Infinity) < MEMBERS_AGAIN) return;
    this.#askedMembers.set(name, this.#clock.now());
    this.connection.send({ type: 'who', room: name, limit: 100 });
  }

  // A name refused is not asked for again by itself; the one before is.
  #refused(frame) {
    this.#on.error?.(frame);
    if (this.#before !== undefined) this.wanted = this.#before;
    this.#before = undefined;
  }
  #error(frame) {
    const item = frame.id && this.outbox.refused(frame.id, frame.code, frame.message);
    const room = this.store.rooms.get(frame.room);
    if (room) room.loading = false;
    if (item) {
      if (item.to !== undefined && item.asked === item.to && frame.code === 'no_such_nick') this.directs.gone(item.room);
      return;
    }
    if (frame.code === 'unknown_type' && !frame.id) return;  // an older server, and typing or the like: nothing is lost
    const named = frame.code === 'nick_taken' || frame.code === 'bad_nick' || (frame.code === 'rate_limited' && this.renaming);
    if (named) return this.#refused(frame);
    if (room && !room.joined && isLater(frame.code)) {
      this.#clock.setTimeout(() => { if (this.connected && !room.joined && this.store.rooms.get(room.name) === room) this.#sendJoin(room); }, JOIN_AGAIN);
    } else {
      if (room && !room.joined) room.refused = true;
      this.#on.error?.(frame);
    }
  }

  #flush() {
    if (this.connected) {
      for (const { id, room, to, text, action } of this.outbox.take()) {
        this.connection.send(to === undefined
          ? { type: 'message', room, text, id, ...(action && { action: true }) }
          : { type: 'direct', nick: to, text, id });
      }
      this.#clock.clearTimeout(this.#timer);
      const at = this.outbox.resumeAt;
      if (at !== null) this.#timer = this.#clock.setTimeout(() => this.#flush(), at - this.#clock.now());
    }
    this.#changed();
  }

  #changed() { this.#on.change?.(); }
}
