// A server for the page alone, as small as the protocol allows: rooms in memory, direct messages, typing. The page's files come from the source
// tree under the policy of the real program; what it does not know is answered `unknown_type`, as there.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const WEB = fileURLToPath(new URL('../../web', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
const EPOCH = 'e1';

const policy = (host) => `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; `
  + `connect-src 'self' ws://${host} wss://${host}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`;

class StandIn {
  #rooms = new Map();      // name -> its messages
  #clients = new Set();
  #sessions = new Map();   // session -> nick
  #count = 0;

  async start() {
    this.server = createServer((request, response) => this.#file(request, response));
    new WebSocketServer({ server: this.server, path: '/ws', handleProtocols: () => 'chatbridge.v1' }).on('connection', (ws) => this.#connection(ws));
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    this.http = this.server.address().port;
    return this;
  }

  async stop() {
    for (const { ws } of this.#clients) ws.terminate();
    this.server.closeAllConnections();
    await new Promise((resolve) => { this.server.close(resolve); });
  }

  async #file(request, response) {
    const path = new URL(request.url, 'http://host').pathname;
    if (path === '/api/rooms') {
      const rooms = [...this.#rooms.keys()].map((room) => ({ room, count: this.#in(room).length, head: this.#rooms.get(room).length }));
      return response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ rooms }));
    }
    try {
      if (path.includes('..')) throw new Error('outside');
      const file = `${WEB}${path === '/' ? '/index.html' : path}`;
      const body = await readFile(file);
      response.setHeader('Content-Type', TYPES[extname(file)]).setHeader('Content-Security-Policy', policy(request.headers.host)).end(body);
    } catch {
      response.writeHead(404).end();
    }
    return undefined;
  }

  #connection(ws) {
    const client = { ws, nick: '', session: '', rooms: new Set(), say: (...frames) => ws.send(frames.map((frame) => JSON.stringify(frame)).join('\n')) };
    this.#clients.add(client);
    ws.on('error', () => {});
    ws.on('message', (data) => { for (const line of String(data).split('\n')) if (line) this.#apply(client, JSON.parse(line)); });
    ws.on('close', () => {
      this.#clients.delete(client);
      for (const room of client.rooms) this.#presence(room, { left: [{ nick: client.nick }] });
    });
  }

  #in(room) { return [...this.#clients].filter((client) => client.rooms.has(room)); }
  #connections(nick) {
    const found = [...this.#clients].find((client) => client.nick.toLowerCase() === nick.toLowerCase());
    return found ? [...this.#clients].filter((client) => client.session === found.session) : [];
  }

  #presence(room, { joined = [], left = [] }) {
    for (const each of this.#in(room)) each.say({ type: 'presence', room, count: this.#in(room).length, joined, left });
  }

  #apply(client, frame) {
    const { type, room, id } = frame;
    const refuse = (code, message) => client.say({ type: 'error', code, message, id, room });
    switch (type) {
      case 'hello': {
        client.session = this.#sessions.has(frame.session) ? frame.session : `session-${this.#count += 1}`;
        const wanted = frame.nick ?? this.#sessions.get(client.session);
        const taken = wanted && this.#connections(wanted).some((other) => other.session !== client.session);
        client.nick = (taken ? undefined : wanted) ?? `guest-${this.#count += 1}`;
        this.#sessions.set(client.session, client.nick);
        client.say({ type: 'welcome', nick: client.nick, session: client.session, room: 'lobby', limits: { message_bytes: 4096, message_lines: 100 } });
        if (taken) refuse('nick_taken', 'that name is taken');
        break;
      }
      case 'join': return this.#join(client, frame);
      case 'leave': {
        if (!client.rooms.delete(room)) return refuse('not_joined', 'you are not in that room');
        this.#presence(room, { left: [{ nick: client.nick }] });
        break;
      }
      case 'message': {
        const log = this.#rooms.get(room);
        if (!client.rooms.has(room)) return refuse('not_joined', 'you are not in that room');
        const known = log.find((each) => each.session === client.session && each.frame.id === id);
        if (known) return client.say({ type: 'ack', id, room, seq: known.frame.seq });
        const said = { type: 'message', room, seq: log.length + 1, at: new Date().toISOString(), nick: client.nick, via: 'ws', text: frame.text, id };
        log.push({ session: client.session, frame: said });
        for (const each of this.#in(room)) each.say(said);
        return client.say({ type: 'ack', id, room, seq: said.seq });
      }
      case 'direct': {
        const others = this.#connections(frame.nick);
        if (!others.length) return refuse('no_such_nick', 'nobody here is called that');
        const direct = { type: 'direct', nick: client.nick, to: others[0].nick, at: new Date().toISOString(), via: 'ws', text: frame.text, id };
        for (const each of new Set([...others, ...this.#connections(client.nick)])) if (each !== client) each.say(direct);
        return client.say({ type: 'ack', id });
      }
      case 'typing': {
        for (const each of this.#in(room)) if (each.session !== client.session) each.say({ type: 'typing', room, nick: client.nick });
        break;
      }
      case 'nick': {
        const old = client.nick;
        if (this.#connections(frame.nick).some((other) => other.session !== client.session)) return refuse('nick_taken', 'that name is taken');
        for (const each of this.#connections(old)) each.nick = frame.nick;
        this.#sessions.set(client.session, frame.nick);
        client.say({ type: 'nick', old, nick: frame.nick });
        for (const name of client.rooms) for (const each of this.#in(name)) each.say({ type: 'nick', room: name, old, nick: frame.nick });
        break;
      }
      case 'who': return client.say({ type: 'members', room, members: this.#members(room), count: this.#members(room).length, more: false });
      case 'ping': return client.say({ type: 'pong' });
      default: refuse('unknown_type', 'there is no such request');
    }
    return undefined;
  }

  #members(room) {
    return [...new Map(this.#in(room).map(({ nick }) => [nick, { nick, via: 'ws' }])).values()];
  }

  #join(client, { room, after = 0 }) {
    if (!this.#rooms.has(room)) this.#rooms.set(room, []);
    const log = this.#rooms.get(room);
    client.rooms.add(room);
    const members = this.#members(room);
    client.say({ type: 'joined', room, epoch: EPOCH, head: log.length, recovered: true, count: members.length, members },
      ...log.slice(after).map(({ frame }) => frame));
    this.#presence(room, { joined: [{ nick: client.nick, via: 'ws' }] });
  }
}

/** On a free port, as `http`; stop() ends it. */
export const startStandIn = () => new StandIn().start();
