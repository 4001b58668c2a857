// Raw clients: TCP with and without line ends, UDP, and WebSocket in text mode. All have the same face.
import dgram from 'node:dgram';
import net from 'node:net';
import WebSocket from 'ws';
import { Inbox, LineSplitter, defer, within } from './wait.mjs';

const GREETING = /^\*\*\* you are (\S+) in ([a-z0-9._-]+)/;
const PRESENCE = /^\*\*\* \S+ (joined|left|is now \S+)$/;
const SAID = /^(?:\* (\S+) |(\S+): )([^]*)$/;

// What every client of these tests can do. Subclasses give connect, say and close.
export class Client {
  constructor(kind) {
    this.kind = kind;
    this.inbox = new Inbox(kind);
    this.ended = defer();
    this.closed = this.ended.promise;  // {code, reason} where the transport has one
  }

  next(match, what, ms) { return this.inbox.next(match, what, ms); }
  until(condition, what, ms) { return this.inbox.until(condition, what, ms); }
  skip() { this.inbox.skip(); }

  // Waits until some message with this text came, at any time.
  async hears(text, ms) {
    return (await this.inbox.find((item) => this.textOf(item)?.includes(text), `"${text}"`, { ms })).item;
  }

  // Texts of the messages received, in order; what the server says is not among them.
  texts() { return this.inbox.items.map((item) => this.textOf(item)).filter((text) => text !== undefined); }
  count(text) { return this.texts().filter((each) => each.includes(text)).length; }

  finish(details = {}) {
    this.inbox.end(`${this.inbox.owner} was disconnected${details.code ? ` (${details.code})` : ''}`);
    this.ended.resolve(details);
  }

  whenClosed(what = 'the end of its connection', ms = undefined) {
    return within(this.closed, () => `${this.inbox.owner} sees ${what}`, ms);
  }
}

// A client that speaks lines: everything it receives is a string in `lines`.
export class RawClient extends Client {
  get lines() { return this.inbox.items; }

  textOf(line) {
    return line.startsWith('*** ') ? undefined : SAID.exec(line)?.[3] ?? line;
  }

  async greeted({ nick, room } = {}) {
    const [, name, where] = GREETING.exec(await this.next(GREETING, 'the greeting'));
    this.nick = name;
    this.room = where;
    this.inbox.owner = `${this.kind} ${nick ?? name}`;
    if (nick) await this.rename(nick);
    if (room) await this.join(room);
    return this;
  }

  async rename(nick) {
    await this.say(`/nick ${nick}`);
    await this.next((line) => line.startsWith('*** ') && line.includes(nick), `a line that it is ${nick}`);
    this.nick = nick;
  }

  async join(room) {
    await this.say(`/join ${room}`);
    await this.next((line) => line.startsWith('*** ') && line.includes(room), `a line that it is in ${room}`);
    this.room = room;
  }

  // The server's next line that matches; without a pattern any reply to this client, which presence is not.
  notice(match = undefined, what = undefined) {
    const fits = (line) => (match ? match.test(line) : !PRESENCE.test(line));
    return this.next((line) => line.startsWith('*** ') && fits(line), what ?? `a *** line ${match ?? ''}`);
  }
}

export class TcpClient extends RawClient {
  constructor(port, { host = '127.0.0.1', kind = 'tcp' } = {}) {
    super(kind);
    this.received = 0;
    this.socket = net.connect({ host, port, noDelay: true, allowHalfOpen: true });
    this.opened = defer();
    const splitter = new LineSplitter((line) => this.inbox.push(line));
    this.socket.on('connect', () => this.opened.resolve());
    this.socket.on('data', (chunk) => { this.received += chunk.length; splitter.push(chunk); });
    this.socket.on('end', () => this.socket.end());
    this.socket.on('error', (error) => this.opened.reject(error));
    this.socket.on('close', () => this.finish({ rest: splitter.rest }));
  }

  // Opens the connection and sends nothing; the greeting is still to come.
  async open() {
    await within(this.opened.promise, () => 'tcp connects');
    return this;
  }

  async connect(options) {
    await this.open();
    return this.greeted(options);
  }

  // Bytes as they are; resolves when the kernel has them.
  write(bytes) {
    return new Promise((resolve) => this.socket.write(bytes, resolve));
  }

  say(text) { return this.write(`${text}\n`); }
  halfClose() { this.socket.end(); }

  async close() {
    this.socket.destroy();
    await this.whenClosed();
  }
}

// Like the clients of networking courses: what is typed is sent without a line end.
export class TcpRawClient extends TcpClient {
  constructor(port, options = {}) { super(port, { kind: 'tcp-raw', ...options }); }
  say(text) { return this.write(text); }
}

export class UdpClient extends RawClient {
  constructor(port, { host = '127.0.0.1', bind = undefined } = {}) {
    super('udp');
    Object.assign(this, { port, host, bind });
    this.datagrams = [];  // {text, from: 'address:port'}
    this.socket = dgram.createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 });
    this.socket.on('error', (error) => this.inbox.end(String(error)));
    this.socket.on('message', (bytes, from) => {
      const text = bytes.toString('utf8');
      this.datagrams.push({ text, from: `${from.address}:${from.port}` });
      for (const line of text.replace(/\n$/, '').split('\n')) this.inbox.push(line);
    });
    this.socket.on('close', () => this.finish());
  }

  async open() {
    await new Promise((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.bind({ ...this.bind }, resolve);
    });
    return this;
  }

  async connect(options) {
    await this.open();
    await this.say('');  // an empty datagram registers and says nothing
    return this.greeted(options);
  }

  say(text, { host = this.host, port = this.port } = {}) {
    return new Promise((resolve, reject) => {
      this.socket.send(Buffer.from(text), port, host, (error) => (error ? reject(error) : resolve()));
    });
  }

  async close() {
    this.socket.close();
    await this.whenClosed();
  }
}

export class WsTextClient extends RawClient {
  constructor(port, { path = '/ws', ...options } = {}) {
    super('ws-text');
    this.ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false, ...options });
    this.opened = defer();
    this.ws.on('open', () => this.opened.resolve());
    this.ws.on('error', (error) => this.opened.reject(error));
    this.ws.on('message', (bytes, binary) => this.inbox.push(binary ? `(binary frame of ${bytes.length})` : bytes.toString()));
    this.ws.on('close', (code, reason) => this.finish({ code, reason: reason.toString() }));
  }

  async open() {
    await within(this.opened.promise, () => 'the WebSocket handshake succeeds');
    return this;
  }

  async connect(options) {
    await this.open();
    return this.greeted(options);
  }

  say(text) {
    return new Promise((resolve) => this.ws.send(text, resolve));
  }

  async close() {
    this.ws.terminate();
    await this.whenClosed();
  }
}
