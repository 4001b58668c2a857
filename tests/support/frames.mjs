// WebSocket by hand over a plain socket (RFC 6455): every frame as it is written, right or wrong, and every frame of the
// server's looked at bit by bit. For what no library would send, and for what a library would hide.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { Client } from './raw_clients.mjs';
import { defer, within } from './wait.mjs';

export const CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;

const LONG = 126, VERY_LONG = 127;  // in the seven bits of the length: two, or eight bytes of it follow
const CONTROL_MAX = 125;
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';  // RFC 6455 section 1.3

// The length of a frame in the shortest form, or in the one asked for: 7, 16 or 64 bits.
function lengthBytes(length, bits) {
  if (bits === 7) return [length, Buffer.alloc(0)];
  if (bits === 16) {
    const two = Buffer.alloc(2);
    two.writeUInt16BE(length);
    return [LONG, two];
  }
  const eight = Buffer.alloc(8);
  eight.writeBigUInt64BE(BigInt(length));
  return [VERY_LONG, eight];
}

const shortest = (length) => (length < LONG ? 7 : length < 65536 ? 16 : 64);

// One frame as bytes. `announced` is the length that its header tells, `bits` in how many bits.
export function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true, announced, bits } = {}) {
  const bytes = Buffer.from(payload);
  const length = announced ?? bytes.length;
  const [seven, more] = lengthBytes(length, bits ?? shortest(length));
  const head = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode, (masked ? 0x80 : 0) | seven]);
  if (!masked) return Buffer.concat([head, more, bytes]);
  const mask = randomBytes(4);
  return Buffer.concat([head, more, mask, bytes.map((byte, at) => byte ^ mask[at % 4])]);
}

export const text = (payload, options) => frame(TEXT, payload, options);
export const ping = (payload, options) => frame(PING, payload, options);
export const pong = (payload, options) => frame(PONG, payload, options);

// The message in pieces: the first frame has the opcode, the last one ends it.
export const fragments = (pieces, opcode = TEXT) => pieces.map(
  (piece, at) => frame(at === 0 ? opcode : CONTINUATION, piece, { fin: at === pieces.length - 1 }));

// A Close frame; without a code one without a payload.
export function close(code, reason = '', options = {}) {
  if (code === undefined) return frame(CLOSE, '', options);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([head, Buffer.from(reason)]), options);
}

export const octets = (bytes) => [...Buffer.from(bytes)].map((byte) => Buffer.of(byte));
export const chopped = (bytes, size) => Array.from(
  { length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));

// The request of a handshake as text. A header given as undefined is left out, one given as a list is repeated.
export function handshake({ method = 'GET', path = '/ws', version = '1.1', ...headers } = {}) {
  const all = {
    Host: 'localhost', Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'), ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, values]) => [values].flat().filter((value) => value !== undefined)
    .map((value) => `${name}: ${value}\r\n`));
  return `${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`;
}

// Takes the server's frames apart; a frame that a server must not send is an error.
class FrameReader {
  #bytes = Buffer.alloc(0);

  constructor(onFrame) {
    this.onFrame = onFrame;
  }

  push(chunk) {
    this.#bytes = this.#bytes.length ? Buffer.concat([this.#bytes, chunk]) : chunk;
    for (let size = this.#one(); size > 0; size = this.#one()) this.#bytes = this.#bytes.subarray(size);
  }

  // The size of the frame at the front, once it is there whole.
  #one() {
    if (this.#bytes.length < 2) return 0;
    const [first, second] = this.#bytes;
    const [fin, rsv, opcode, seven] = [first >= 0x80, (first >> 4) & 7, first & 15, second & 127];
    assert.equal(second & 0x80, 0, 'a server does not mask');
    assert.equal(rsv, 0, 'no extension was agreed on');
    assert.ok([CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].includes(opcode), `opcode ${opcode}`);
    if (opcode >= CLOSE) assert.ok(fin && seven <= CONTROL_MAX, 'a control frame is short and whole');
    const head = { [LONG]: 4, [VERY_LONG]: 10 }[seven] ?? 2;
    if (this.#bytes.length < head) return 0;
    let length = seven;
    if (seven === LONG) length = this.#bytes.readUInt16BE(2);
    if (seven === VERY_LONG) length = Number(this.#bytes.readBigUInt64BE(2));
    assert.equal(head, { 7: 2, 16: 4, 64: 10 }[shortest(length)], 'a length is told in the shortest form');
    if (this.#bytes.length < head + length) return 0;
    this.onFrame({ opcode, fin, payload: Buffer.from(this.#bytes.subarray(head, head + length)) });
    return head + length;
  }
}

// A client whose frames are written by its test. Every frame of the server's is an item, {opcode, fin, payload}. A Close
// is answered, unless the test sent one itself; pings are not.
export class FrameClient extends Client {
  #head = '';
  #reader = new FrameReader((got) => this.#took(got));
  #saidClose = false;
  #closing = {};

  constructor(port) {
    super('frames');
    this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.answered = defer();  // the handshake: {status, headers}
    this.broken = undefined;  // what the server did wrong
    this.socket.on('data', (chunk) => this.#receive(chunk));
    this.socket.on('error', () => {});  // a reset is an end too
    this.socket.on('close', () => {
      this.answered.reject(new Error(`the connection ended within the handshake: ${this.#head}`));
      this.finish({ ...this.#closing, broken: this.broken });
    });
  }

  #receive(chunk) {
    if (this.broken) return;
    try {
      const frames = this.response ? chunk : this.#handshaken(chunk);
      if (this.response?.status === 101) this.#reader.push(frames);
    } catch (error) {
      this.broken = error.message;
      this.inbox.end(`the server broke the protocol: ${error.message}`);
      this.socket.destroy();
    }
  }

  // The answer to the handshake, taken from the front of what comes; gives the bytes behind it.
  #handshaken(chunk) {
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return Buffer.alloc(0);
    const [first, ...lines] = this.#head.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
    this.response = { status: Number(first.split(' ')[1]), headers };
    this.answered.resolve(this.response);
    return Buffer.from(this.#head.slice(end + 4), 'latin1');
  }

  #took(got) {
    this.inbox.push(got);
    if (got.opcode !== CLOSE) return;
    assert.notEqual(got.payload.length, 1, 'a Close has no code, or a whole one');
    this.#closing = got.payload.length
      ? { code: got.payload.readUInt16BE(0), reason: got.payload.subarray(2).toString() } : { code: undefined, reason: '' };
    if (!this.#saidClose) this.write(close(this.#closing.code));
    this.#saidClose = true;
  }

  textOf({ opcode, payload }) { return opcode === TEXT ? payload.toString() : undefined; }
  pongs() { return this.inbox.items.filter(({ opcode }) => opcode === PONG).map(({ payload }) => payload); }

  // Shakes hands; `early` is sent behind the request in the same write.
  async connect({ early = '', ...request } = {}) {
    const key = randomBytes(16).toString('base64');
    await this.write(Buffer.concat([Buffer.from(handshake({ 'Sec-WebSocket-Key': key, ...request })), Buffer.from(early)]));
    const { status, headers } = await within(this.answered.promise, () => 'the handshake is answered');
    assert.equal(status, 101);
    assert.equal(headers['sec-websocket-accept'], createHash('sha1').update(key + ACCEPT_GUID).digest('base64'));
    return this;
  }

  // In text mode: connected, and greeted under a name.
  async enter(request) {
    await this.connect(request);
    const greeting = await this.hears('*** you are ');
    this.nick = this.textOf(greeting).split(' ')[3];
    this.inbox.owner = `frames ${this.nick}`;
    return this;
  }

  // In chatbridge.v1: connected, and in the lobby.
  async join() {
    await this.connect({ 'Sec-WebSocket-Protocol': 'chatbridge.v1' });
    await this.write(text('{"type":"hello"}\n{"type":"join","room":"lobby"}'));
    const welcome = JSON.parse(this.textOf(await this.hears('"type":"welcome"')).split('\n')[0]);
    await this.hears('"type":"joined"');
    this.nick = welcome.nick;
    this.inbox.owner = `frames ${this.nick}`;
    return this;
  }

  // Bytes as they are; resolves when the kernel has them, or the connection has ended.
  write(bytes) {
    if (this.socket.destroyed || this.socket.writableEnded) return Promise.resolve();
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  // This client sent a Close itself: the server's is not answered.
  closes() { this.#saidClose = true; }

  // Waits for the pong with this payload.
  hearsPong(token) {
    const bytes = Buffer.from(token);
    return this.inbox.find(({ opcode, payload }) => opcode === PONG && payload.equals(bytes), 'the pong');
  }

  // A ping and its pong: everything sent before has been taken.
  async roundTrip(token = randomBytes(8)) {
    await this.write(ping(token));
    await this.hearsPong(token);
  }

  async close() {
    this.socket.destroy();
    await this.whenClosed();
  }
}
