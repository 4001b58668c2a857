// A reader of Server-Sent Events, by hand over a socket: what a browser's EventSource sees, and when it stops reading.
// Every event is an item: {id, data} with the data's JSON, and comments as {comment}.
import net from 'node:net';
import { Client } from './raw_clients.mjs';
import { LineSplitter, defer, within } from './wait.mjs';

export class EventsClient extends Client {
  constructor(port, { room = 'lobby', lastId, headers = {} } = {}) {
    super('sse');
    this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.opened = defer();
    this.lastId = lastId;  // as EventSource keeps it
    this.event = {};
    const lines = new LineSplitter((line) => this.#line(line));
    this.socket.on('data', (chunk) => lines.push(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.opened.reject(new Error('the connection ended before its header'));
      this.finish();
    });
    const given = { host: 'localhost', accept: 'text/event-stream', ...(lastId ? { 'last-event-id': lastId } : {}), ...headers };
    this.socket.write(`GET /api/rooms/${room}/events HTTP/1.1\r\n`
      + Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`).join('') + '\r\n');
  }

  #header = [];
  #line(line) {
    if (this.headers === undefined) {
      if (line !== '') return this.#header.push(line);
      this.status = Number(this.#header[0].split(' ')[1]);
      this.headers = Object.fromEntries(this.#header.slice(1).map((each) => /^([^:]+): (.*)$/.exec(each).slice(1))
        .map(([name, value]) => [name.toLowerCase(), value]));
      return this.opened.resolve();
    }
    if (line.startsWith(':')) return this.inbox.push({ comment: line });
    if (line !== '') {
      const [, field, value] = /^([a-z]+): (.*)$/.exec(line);
      if (field in this.event) this.inbox.end(`two ${field} in one event`);
      this.event[field] = value;
      return undefined;
    }
    const { id, data, retry } = this.event;
    this.event = {};
    if (retry) this.retry = Number(retry);
    if (id) this.lastId = id;
    if (data) this.inbox.push({ id, data: JSON.parse(data) });
    return undefined;
  }

  async open() {
    await within(this.opened.promise, () => 'the stream begins');
    return this;
  }

  textOf(item) { return item.data?.type === 'message' ? item.data.text : undefined; }
  seqs() { return this.inbox.items.filter(({ data }) => data?.type === 'message').map(({ data }) => data.seq); }
  gaps() { return this.inbox.items.map(({ data }) => data).filter((data) => data?.type === 'gap'); }

  async close() {
    this.socket.destroy();
    await this.whenClosed();
  }
}
