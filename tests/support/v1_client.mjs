// A client of the JSON protocol chatbridge.v1. Every object received is an item; frames are checked on the way.
import WebSocket from 'ws';
import { Client } from './raw_clients.mjs';
import { defer, within } from './wait.mjs';

const FRAME_LIMIT = 64 * 1024;

// Ids count within a session, which several clients may share: no two clients of a test use the same.
let ids = 0;
const newId = () => `id-${++ids}`;

export class WsV1Client extends Client {
  constructor(port, { path = '/ws', protocols = ['chatbridge.v1'], ...options } = {}) {
    super('ws-v1');
    this.ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { perMessageDeflate: false, ...options });
    this.opened = defer();
    this.ws.on('open', () => this.opened.resolve());
    this.ws.on('error', (error) => this.opened.reject(error));
    this.ws.on('message', (bytes, binary) => this.#receive(bytes, binary));
    this.ws.on('close', (code, reason) => this.finish({ code, reason: reason.toString() }));
  }

  get events() { return this.inbox.items; }

  #receive(bytes, binary) {
    if (binary) return this.inbox.end('the server sent a binary frame to a chatbridge.v1 client');
    if (bytes.length > FRAME_LIMIT) return this.inbox.end(`a frame of ${bytes.length} bytes came, over ${FRAME_LIMIT}`);
    for (const line of bytes.toString('utf8').split('\n')) {
      if (line === '') continue;
      try {
        this.inbox.push(JSON.parse(line));
      } catch (error) {
        this.inbox.end(`not JSON: ${line.slice(0, 200)} (${error.message})`);
      }
    }
  }

  textOf(event) { return event.type === 'message' ? event.text : undefined; }
  messages(room = undefined) {
    return this.events.filter((event) => event.type === 'message' && (!room || event.room === room));
  }

  async open() {
    await within(this.opened.promise, () => 'the chatbridge.v1 handshake succeeds');
    return this;
  }

  // Says hello and joins. `room: null` stays outside; `after` and `epoch` come back to a place in the room.
  async connect({ nick, session, room = 'lobby', after, epoch } = {}) {
    await this.open();
    this.welcome = await this.ask({ type: 'hello', nick, session }, 'welcome');
    this.nick = this.welcome.nick;
    this.session = this.welcome.session;
    this.inbox.owner = `ws-v1 ${this.nick}`;
    if (room !== null) this.joined = await this.join(room, { after, epoch });
    return this;
  }

  async join(room, { after, epoch } = {}) {
    this.room = room;
    return this.ask({ type: 'join', room, after, epoch }, (event) => event.type === 'joined' && event.room === room);
  }

  send(...objects) {
    return this.sendFrame(objects.map((object) => JSON.stringify(object)).join('\n'));
  }

  sendFrame(data, options = {}) {
    return new Promise((resolve) => this.ws.send(data, { binary: false, ...options }, resolve));
  }

  // Sends one object and waits for the answer: an event type or a predicate, among what comes from now on.
  async ask(object, answer) {
    const from = this.events.length;
    await this.send(object);
    return this.answerFrom(from, answer);
  }

  async answerFrom(from, answer) {
    const fits = typeof answer === 'string' ? (event) => event.type === answer : answer;
    const what = typeof answer === 'string' ? `{"type":"${answer}"}` : `what ${answer} accepts`;
    return (await this.inbox.find(fits, what, { from })).item;
  }

  // Sends something bad, either an object or the text of a frame, and gives the error's code.
  async refused(bad) {
    const from = this.events.length;
    await (typeof bad === 'string' ? this.sendFrame(bad) : this.send(bad));
    return this.answerFrom(from, 'error');
  }

  // Resolves when the bytes are with the kernel.
  say(text, { room = this.room, id = newId(), action } = {}) {
    return this.send({ type: 'message', room, text, id, action });
  }

  // Says it and waits for the ack.
  async publish(text, { room = this.room, id = newId(), action } = {}) {
    return this.ask({ type: 'message', room, text, id, action }, (event) => event.type === 'ack' && event.id === id);
  }

  // The server has read everything sent on this connection so far.
  roundTrip() { return this.ask({ type: 'ping' }, 'pong'); }

  // Leaves with a closing handshake.
  async leave() {
    this.ws.close(1000);
    await this.whenClosed();
  }

  // Drops the connection without a word, like a lost network.
  async close() {
    this.ws.terminate();
    await this.whenClosed();
  }
}
