/*! chatbridge's client, MIT licence. How to use it: docs/CLIENT.md, its types: client.d.ts. */
// One person in any number of rooms of one server. It keeps the connection, goes on in every room where it was, and what is written arrives
// exactly once. For pages and for Node 22 or newer. The server gives out this file and its parts as one, /client.js.

import { deferred, failed, failure, fold, isLater, isRoom, newId, socketUrl } from './client/common.js';
import { Keep } from './client/keep.js';
import { Link } from './client/link.js';
import { DIRECT, Outbox } from './client/outbox.js';
import { Questions, Wishes } from './client/questions.js';
import { Stream } from './client/stream.js';

export { fold, newId };

const JOIN_AGAIN = 3_000;      // a room that could not be joined now
const NEWEST = 50;             // messages that come with a join without a place
const MOST_QUEUED = 1_000;     // messages that wait for a loop
const realClock = { now: () => Date.now(), setTimeout: (f, ms) => setTimeout(f, ms), clearTimeout: (timer) => clearTimeout(timer) };

export class ChatBridge extends EventTarget {
  nick = '';           // as the server calls us
  wanted;              // what to ask to be called in the next greeting
  #clock; #newId; #scope; #keep; #link; #outbox; #questions;
  #rooms = new Map();      // name -> {name, joined, epoch, after, past, answer}
  #sends = new Map();      // id -> who waits for what becomes of it
  #wishes = new Wishes();
  #streams = new Map();    // stream -> {room, past}
  #up = deferred();        // the next time it is connected
  #isUp = false;
  #session;
  #greeting;               // the last one
  #divided = false;        // another client of the same storage has another session
  #timer = null;
  #listening = null;

  /** The second argument is for tests: time, chance and the page around it in their hands. */
  constructor({ url, nick = '', rooms = [], storage = null, key = 'chatbridge', WebSocket = globalThis.WebSocket } = {},
    { clock = realClock, random = Math.random, id = newId, scope = globalThis } = {}) {
    super();
    if (!WebSocket) throw new TypeError('there is no WebSocket here: use Node 22 or newer, or pass a class as WebSocket');
    this.wanted = nick;
    this.#clock = clock;
    this.#newId = id;
    this.#scope = scope;
    this.#keep = new Keep(storage, key);
    this.#questions = new Questions(clock);
    this.#outbox = new Outbox({
      now: clock.now,
      save: (items) => this.#keep.saveOutbox(items),
      told: (item, change, why) => this.#became(item, change, why),
    });
    this.#link = new Link({
      url: socketUrl(url), WebSocket, clock, random,
      hello: () => this.#hello(),
      heard: (frame) => this.#heard(frame),
      changed: (state) => this.#changed(state),
      measured: (latency) => this.#emit('latency', latency),
    });
    for (const room of [rooms].flat()) this.join(room);
    this.adopt(this.#keep.outbox);
  }

  get state() { return this.#link.state; }
  get connected() { return this.state.name === 'connected'; }
  get latency() { return this.#link.latency; }
  get limits() { return { ...this.#outbox.limits }; }
  get rooms() { return [...this.#rooms.keys()]; }
  get outbox() { return this.#outbox.items; }

  /** Calls listener with the object of every such event; the function it gives takes the listener away. */
  on(type, listener) {
    const wrapped = (event) => listener(event.detail);
    this.addEventListener(type, wrapped);
    return () => this.removeEventListener(type, wrapped);
  }

  /** Keeps a connection from now on, until close(). Resolves when the server has welcomed us. */
  connect() {
    const { promise } = this.#up;
    if (this.state.name === 'offline') {
      this.#listening = new AbortController();
      this.#listen(this.#listening.signal);
      this.#link.open();
    }
    return promise;
  }

  /** Says goodbye and stays away. What is pending stays pending; loops over messages end. */
  close() {
    this.#listening?.abort();
    this.#link.close();
    for (const stream of this.#streams.keys()) stream.end();
    this.#streams.clear();
    this.#up.reject(failure('closed'));
    this.#up = deferred();
  }

  wake() { this.#link.wake(); }

  /** Is in the room from now on, through every reconnect. `after` and `epoch`: from a place known from before, unless the room is asked for already. */
  join(name, { after, epoch } = {}) {
    if (!isRoom(name)) return failed('bad_room');
    const known = this.#rooms.get(name);
    const room = known ?? { name, joined: false, after, epoch, past: null, answer: deferred() };
    if (!known) {
      this.#rooms.set(name, room);
      this.#sendJoin(room);
    } else if (after !== undefined && room.past === null && !this.connected) Object.assign(room, { after, epoch });
    return room.answer.promise;
  }

  /** What waits to be sent there is dropped. */
  leave(name) {
    if (this.#rooms.has(name)) this.#link.send({ type: 'leave', room: name });
    const why = failure('left');
    this.#forget(name, why);
    this.#outbox.drop(name, why);
  }

  /** Resolves with {id, seq} when the journal has it, however long that takes. The promise has the message's `id`. */
  send(room, text, { action = false } = {}) {
    this.join(room);
    return this.#post({ room, text, action });
  }

  /** To one person alone; resolves when it is queued for them. */
  direct(nick, text) { return this.#post({ to: nick, text, action: false }); }

  /** Sends a message that failed once more, under its id; null when there is none. */
  retry(id) {
    const item = this.#outbox.item(id);
    if (item?.state !== 'failed') return null;
    if (item.room !== undefined) this.join(item.room);
    const { promise } = this.#answer(id);
    this.#outbox.retry(id);
    this.#flush();
    return promise;
  }

  /** Forgets a message that is not sent, and gives it back. */
  discard(id) { return this.#outbox.discard(id); }

  /** Sends what another client of the same session left behind: items of an outbox. */
  adopt(items) {
    this.#outbox.adopt(items);
    for (const { room, state } of this.outbox) if (room !== undefined && state === 'pending') this.join(room);
    this.#flush();
  }

  /** Older messages of a room that is joined: {messages, more}. */
  history(room, { before, limit = 50 } = {}) {
    if (!this.#rooms.get(room)?.joined) return failed('not_joined', `not in ${room} now`);
    return this.#ask('history', { type: 'history', room, before, limit });
  }

  /** Who is in a room: {members, count, more}. */
  who(room, { prefix, limit = 100 } = {}) { return this.#ask('members', { type: 'who', room, prefix, limit }); }

  /** Tells the room that something is being written. */
  typing(room) { return Boolean(this.#rooms.get(room)?.joined) && this.#link.send({ type: 'typing', room }); }

  /** Resolves with the name when the server agrees. Without a connection it is asked for in the next greeting. */
  rename(nick) {
    const answer = this.#wishes.add(nick, this.wanted);
    this.wanted = nick;
    this.#link.send({ type: 'nick', nick });
    return answer;
  }

  /** What is said in the room from now on, for a `for await` loop. `past`: also what was said before one joined. */
  messages(room, { buffer = MOST_QUEUED, past = false } = {}) {
    if (!isRoom(room)) throw failure('bad_room');
    const stream = new Stream(buffer, () => this.#streams.delete(stream));
    this.#streams.set(stream, { room, past });
    this.join(room);
    return stream;
  }

  // ---- the connection

  #listen(signal) {
    const { document } = this.#scope;
    const wake = () => this.wake();
    this.#scope.addEventListener?.('online', wake, { signal });
    this.#scope.addEventListener?.('offline', () => this.#link.doubt(), { signal });
    this.#scope.addEventListener?.('pageshow', (event) => { if (event.persisted) wake(); }, { signal });
    this.#scope.addEventListener?.('storage', () => this.#compare(), { signal });
    document?.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') wake(); }, { signal });
    document?.addEventListener('resume', wake, { signal });  // after a browser froze the page
  }

  #hello() {
    const session = this.#keep.session ?? this.#session;
    this.#greeting = { type: 'hello', ...(this.wanted && { nick: this.wanted }), ...(session && { session }) };
    return this.#greeting;
  }

  #changed(state) {
    if (state.name === 'connected') {
      this.#up.resolve();
      this.#isUp = true;
    } else {
      if (this.#isUp) this.#up = deferred();
      this.#isUp = false;
      this.#clock.clearTimeout(this.#timer);
      this.#outbox.disconnected();
      for (const room of this.#rooms.values()) room.joined = false;
      this.#questions.lost();
    }
    this.#emit('state', state);
  }

  #heard(frame) {
    switch (frame.type) {
      case 'welcome': return this.#welcome(frame);
      case 'joined': this.#joined(frame); break;
      case 'message': this.#message(frame); break;
      case 'ack': this.#acknowledged(frame); break;
      case 'gap': this.#gap(frame); break;
      case 'history': case 'members': this.#questions.answered(frame.type, frame); break;
      case 'nick': this.#renamed(frame); break;
      case 'error': this.#refused(frame); break;
      case 'presence': case 'direct': case 'typing': case 'bye': this.#emit(frame.type, frame); break;
      default: break;  // pong, left, and what later servers may say
    }
    this.#flush();
  }

  #welcome(frame) {
    // The server did not know the session that was asked for. Another client of the same storage may have been given a new one meanwhile.
    const shared = this.#keep.session;
    const asked = this.#greeting.session;
    if (frame.session !== asked && shared && shared !== asked && shared !== frame.session) return this.#link.again();
    this.#keep.session = this.#session = frame.session;
    this.#divided = false;
    this.nick = frame.nick;
    Object.assign(this.#outbox.limits, frame.limits);
    const wished = this.#wishes.greeted(frame.nick, this.#greeting.nick);
    if (wished !== null) this.#link.send({ type: 'nick', nick: wished });
    for (const room of this.#rooms.values()) this.#sendJoin(room);
    this.#emit('welcome', frame);  // who joins another room on hearing it asks for that by themselves
    this.#outbox.open(DIRECT);
    this.#flush();
  }

  // Two clients of one storage that were given sessions in the same instant: the one that was kept last is everybody's. What is under way comes
  // to its end before, since the other session does not know it.
  #compare() {
    const shared = this.#keep.session;
    this.#divided = Boolean(shared && this.#session && shared !== this.#session);
    this.#unite();
  }

  #unite() {
    if (this.#divided && this.connected && this.#outbox.idle) this.#link.again();
  }

  // ---- rooms

  // Joined before and nothing heard since: from where its newest messages began at the time, so that none said since is missed.
  #sendJoin({ name, past, after = past === null ? undefined : Math.max(0, past - NEWEST), epoch }) {
    if (this.connected) this.#link.send({ type: 'join', room: name, ...(after !== undefined && { after, epoch }) });
  }

  #joinAgain(room) {
    if (!room.joined && this.#rooms.get(room.name) === room) this.#sendJoin(room);
  }

  #joined(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room) return;  // left again meanwhile
    if (room.epoch !== undefined && room.epoch !== frame.epoch) {
      this.#outbox.unseen(room.name);
      Object.assign(room, { after: undefined, past: 0 });
    }
    room.past ??= room.after === undefined ? frame.head : 0;  // what was said before one came
    if (!frame.recovered && room.after > frame.head) room.after = undefined;
    Object.assign(room, { joined: true, epoch: frame.epoch });
    this.#outbox.open(room.name);
    room.answer.resolve(frame);
    this.#emit('joined', frame);
  }

  // Every number once, whatever made the server begin again.
  #message(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room?.joined || frame.seq <= room.after) return;  // not joined: left and joined again, and this is still from before
    room.after = frame.seq;
    const mine = this.#outbox.seen(room.name, frame.id, frame.seq);
    const message = Object.assign(frame, { mine, own: mine || frame.nick === this.nick, past: frame.seq <= room.past });
    this.#emit('message', message);
    for (const [stream, of] of this.#streams) if (of.room === room.name && (of.past || !message.past)) stream.push(message);
  }

  #gap(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room?.joined) return;
    room.after = Math.max(room.after ?? 0, frame.to);
    this.#outbox.unseen(frame.room, frame.from, frame.to);
    this.#emit('gap', frame);
    for (const [stream, of] of this.#streams) if (of.room === frame.room) stream.gap(frame);
  }

  #forget(name, why) {
    this.#rooms.get(name)?.answer.reject(why);
    this.#rooms.delete(name);
    this.#outbox.close(name);
    for (const [stream, { room }] of this.#streams) {
      if (room !== name) continue;
      stream.end();
      this.#streams.delete(stream);
    }
  }

  // ---- what is written

  #post(item) {
    const made = { id: this.#newId(), ...item, at: this.#clock.now(), state: 'pending' };
    const { promise, reject } = this.#answer(made.id);
    const why = made.to === undefined && !isRoom(made.room) ? failure('bad_room') : this.#outbox.full && failure('full', 'too much waits to be sent');
    if (why) {
      this.#sends.delete(made.id);
      reject(why);
    } else this.#outbox.add(made);
    this.#flush();
    return promise;
  }

  #answer(id) {
    const answer = deferred();
    this.#sends.set(id, answer);
    Object.assign(answer.promise, { id });
    return answer;
  }

  #became(item, change, why) {
    const answer = this.#sends.get(item.id);
    if (answer && change !== 'pending') {
      if (item.state === 'sent') answer.resolve({ id: item.id, seq: item.seq });
      else answer.reject(why ?? failure(item.code ?? change, typeof item.reason === 'string' ? item.reason : undefined, { reason: item.reason }));
      this.#sends.delete(item.id);
    }
    this.#emit('outbox', { item, change });
  }

  #acknowledged({ id, seq, room }) {
    this.#outbox.acknowledged(id, seq);
    // The stream has passed it already: sent again after a reload, when this room starts at a later place.
    const { after } = this.#rooms.get(room) ?? {};
    if (seq <= after) this.#outbox.unseen(room, 0, after);
  }

  #flush() {
    if (!this.connected) return;
    for (const { id, room, to, text, action } of this.#outbox.take()) {
      this.#link.send(to === undefined ? { type: 'message', room, text, id, ...(action && { action }) } : { type: 'direct', nick: to, text, id });
    }
    this.#clock.clearTimeout(this.#timer);
    const at = this.#outbox.resumeAt;
    if (at !== null) this.#timer = this.#clock.setTimeout(() => this.#flush(), at - this.#clock.now());
    this.#unite();
  }

  // ---- names, questions, refusals

  #ask(kind, frame) {
    if (!isRoom(frame.room)) return failed('bad_room');
    if (!this.#link.send(frame)) return failed('offline', 'there is no connection');
    return this.#questions.ask(kind, frame.room);
  }

  // Nicks are unique among who is connected, so whoever had ours was us; to ourselves it is also told once without a room.
  #renamed(frame) {
    const self = frame.room === undefined || frame.old === this.nick || frame.nick === this.nick;
    if (self) this.nick = this.wanted = frame.nick;
    else this.#outbox.redirect(frame.old, frame.nick);
    if (frame.room === undefined) this.#wishes.granted(frame.nick);
    this.#emit('nick', { ...frame, self });
  }

  #refused(frame) {
    const { id, code, message, room: name } = frame;
    if (id !== undefined) return this.#outbox.refused(id, code, message) || this.#emit('error', frame);
    if (code === 'unknown_type') return;  // an older server, and typing or the like: nothing is lost
    const room = this.#rooms.get(name);
    if (room?.joined && this.#questions.refused('history', name, failure(code, message))) return;
    if (room && !room.joined) {
      if (isLater(code)) return void this.#clock.setTimeout(() => this.#joinAgain(room), JOIN_AGAIN);
      this.#forget(name, failure(code, message));
      this.#outbox.shut(name, code, message);
    }
    const named = code === 'nick_taken' || code === 'bad_nick' || code === 'rate_limited';
    const before = named ? this.#wishes.refused(failure(code, message)) : undefined;
    if (before === undefined) return this.#emit('error', frame);
    this.wanted = before;  // a name refused is not asked for again by itself
  }

  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}
