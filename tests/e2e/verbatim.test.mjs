// --relay verbatim: what one raw client sends, all others get, byte for byte and in one order, and nothing else is said.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import net from 'node:net';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { binary, cleanEnv, run, track } from '../support/daemon.mjs';
import { handshake } from '../support/frames.mjs';
import { exchange, statusOf } from '../support/http.mjs';
import { Program } from '../support/program.mjs';
import { randomFrom, seed } from '../support/random.mjs';
import { Client } from '../support/raw_clients.mjs';
import { scene } from '../support/scene.mjs';
import { Inbox, LineSplitter, SLOW, defer, within } from '../support/wait.mjs';

const DATAGRAM_MAX = 65_507;         // of UDP over IPv4, and of one read
const V1_FRAME_MAX = 256 * 1024;     // of a server's frame in a verbatim relay
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
const WINDOW = ['--set', 'room.window_bytes=16KiB'];  // the smallest there is
const KINDS = ['tcp', 'udp', 'ws'];

const PYTHON = '/usr/bin/python3';
const script = (name) => fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url));

// ---- clients that say and hear bytes

// What comes is kept as {bytes, text}: of TCP in any pieces, of UDP a datagram, of WebSocket a message; `text` tells a
// text frame. A client is in when the daemon has logged it, since nothing is said to it.
class ByteClient extends Client {
  bytes = 0;

  constructor(kind, daemon) {
    super(kind);
    this.daemon = daemon;
  }

  took(bytes, text = false) {
    this.bytes += bytes.length;
    this.inbox.push({ bytes, text });
  }

  get parts() { return this.inbox.items.map(({ bytes }) => bytes); }
  get all() { return Buffer.concat(this.parts); }
  textOf() { return undefined; }

  // Waits until so many bytes have come in all.
  has(count, ms) { return this.inbox.until(() => this.bytes >= count, `${count} bytes, ${this.bytes} so far`, ms); }

  entered(port) {
    const line = new RegExp(` connect transport=${this.kind} peer=127\\.0\\.0\\.1:${port} `);
    this.port = port;
    return this.daemon.logged((each) => line.test(`${each} `), `that ${this.kind} from port ${port} is in`);
  }
}

class TcpBytes extends ByteClient {
  constructor(daemon, { paused = false } = {}) {
    super('tcp', daemon);
    this.socket = net.connect({ host: '127.0.0.1', port: daemon.tcp, noDelay: true, allowHalfOpen: true });
    this.connected = defer();
    this.socket.on('connect', () => this.connected.resolve());
    this.socket.on('error', (error) => { this.error = error; this.connected.reject(error); });
    this.socket.on('end', () => this.socket.end());
    this.socket.on('close', () => this.finish({ code: this.error?.code }));
    if (!paused) this.read();
  }

  read() { this.socket.on('data', (chunk) => this.took(chunk)); }

  async open() {
    await within(this.connected.promise, () => 'tcp connects');
    await this.entered(this.socket.localPort);
    return this;
  }

  say(bytes) { return new Promise((resolve) => this.socket.write(bytes, resolve)); }

  async close() {
    this.socket.destroy();
    await this.whenClosed();
  }
}

class UdpBytes extends ByteClient {
  constructor(daemon) {
    super('udp', daemon);
    this.socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    this.socket.on('message', (bytes) => this.took(bytes));
    this.socket.on('error', (error) => this.inbox.end(String(error)));
    this.socket.on('close', () => this.finish());
  }

  async bind() {
    await new Promise((resolve) => this.socket.bind(0, '127.0.0.1', resolve));
    return this;
  }

  async open() {
    await this.bind();
    await this.say('');
    await this.entered(this.socket.address().port);
    return this;
  }

  say(bytes) {
    return new Promise((resolve, reject) => {
      this.socket.send(bytes, this.daemon.udp, '127.0.0.1', (error) => (error ? reject(error) : resolve()));
    });
  }

  async close() {
    this.socket.close();
    await this.whenClosed();
  }
}

class WsBytes extends ByteClient {
  constructor(daemon, { path = '/ws' } = {}) {
    super('ws', daemon);
    this.ws = new WebSocket(`ws://127.0.0.1:${daemon.http}${path}`, { perMessageDeflate: false, maxPayload: 16 << 20 });
    this.connected = defer();
    this.ws.on('open', () => this.connected.resolve());
    this.ws.on('error', (error) => this.connected.reject(error));
    this.ws.on('message', (bytes, isBinary) => this.took(bytes, !isBinary));
    this.ws.on('close', (code, reason) => this.finish({ code, reason: reason.toString() }));
  }

  async open() {
    await within(this.connected.promise, () => 'the WebSocket handshake succeeds');
    await this.entered(this.ws._socket.localPort);
    return this;
  }

  // Bytes go in a binary frame, a string in a text frame, unless told otherwise.
  say(bytes, options) { return new Promise((resolve) => this.ws.send(bytes, options, resolve)); }

  async close() {
    this.ws.terminate();
    await this.whenClosed();
  }
}

// Fits the n-th of the lines that match.
function nth(n, pattern) {
  let left = n;
  return (line) => pattern.test(line) && --left === 0;
}

const CLIENT = { tcp: TcpBytes, udp: UdpBytes, ws: WsBytes };
const raw = (s, kind, options) => s.use(new CLIENT[kind](s.daemon, options)).open();

const verbatim = (t, ...args) => scene(t, { args: ['--relay', 'verbatim', ...args] });

// One client of each kind.
async function oneOfEach(s) {
  const made = [];
  for (const kind of KINDS) made.push(await raw(s, kind));
  return made;
}

// Like assert.equal for bytes; tells where they differ instead of all of them.
function same(got, expected, what) {
  if (got.equals(expected)) return;
  let at = 0;
  while (at < got.length && got[at] === expected[at]) at++;
  const near = (bytes) => bytes.subarray(at, at + 24).toString('hex');
  assert.fail(`${what}: ${got.length} bytes instead of ${expected.length}, `
    + `from ${at} on ${near(got)} instead of ${near(expected)}`);
}

function sameParts(got, expected, what) {
  got.slice(0, expected.length).forEach((part, n) => same(part, expected[n], `${what}, ${n} of ${expected.length}`));
  assert.equal(got.length, expected.length, `${what}: how many`);
}

// Compares what a client got with the entries it should have: exactly, of TCP without regard to pieces.
function heard(client, entries, what = client.inbox.owner) {
  const parts = entries.map(({ bytes }) => bytes);
  if (client.kind === 'tcp') return same(client.all, Buffer.concat(parts), what);
  sameParts(client.parts, parts, what);
  if (client.kind === 'ws') {
    assert.deepEqual(client.inbox.items.map(({ text }) => text), entries.map(({ text }) => text), `${what}: text frames`);
  }
  return undefined;
}

// ---- random bytes, all ways

const AHEAD = 24 * 1024;  // bytes that may be under way, so that no datagram is lost in a full buffer

// Clients of one relay that send, and how much each should have got by now.
class Load {
  sent = 0;

  constructor(clients) {
    this.clients = clients;
    for (const client of clients) client.sent = 0;
  }

  due(client) { return this.sent - client.sent; }

  async send(client, { bytes, text = false }) {
    for (const each of this.clients) {
      await each.inbox.until(() => this.due(each) - each.bytes <= AHEAD, `all but ${AHEAD} of the bytes that are due`);
    }
    client.sent += bytes.length;
    this.sent += bytes.length;
    await client.say(bytes, { binary: !text });
  }

  async arrives() { for (const each of this.clients) await each.has(this.due(each)); }
}

function randomBytes(random, length) {
  const bytes = Buffer.alloc(length);
  for (let n = 0; n < length; n++) bytes[n] = random(256);
  return bytes;
}

// Valid UTF-8 with characters of one to four bytes.
function randomText(random, characters) {
  const alphabet = ['a', '\n', '\r', '\0', '\u001b', 'é', '\u0085', '中', '\u202e', '😀'];
  return Buffer.from(Array.from({ length: characters }, () => alphabet[random(alphabet.length)]).join(''));
}

for (const kind of KINDS) {
  test(`every byte alone, all together and in random pieces goes from ${kind} to tcp, udp and ws as it is`, async (t) => {
    t.diagnostic(`seed ${seed}`);
    const random = randomFrom(seed);
    const s = await verbatim(t);
    const sender = await raw(s, kind);
    const receivers = await oneOfEach(s);
    const pieces = [...ALL_BYTES].map((byte) => Buffer.of(byte));
    pieces.push(ALL_BYTES);
    for (let n = 0; n < 150; n++) pieces.push(randomBytes(random, 1 + random(n % 10 ? 300 : 9000)));
    const load = new Load([sender, ...receivers]);
    for (const bytes of pieces) await load.send(sender, { bytes });
    await load.arrives();
    const expected = pieces.map((bytes) => ({ bytes, text: false }));
    for (const receiver of receivers) {
      // What TCP carries has no pieces of its own.
      if (kind === 'tcp') same(receiver.all, Buffer.concat(pieces), `${kind} to ${receiver.kind}`);
      else heard(receiver, expected, `${kind} to ${receiver.kind}`);
      assert.ok(receiver.inbox.items.every(({ text }) => !text), 'these are binary frames');
    }
    assert.deepEqual(sender.parts, [], 'nobody gets back what it sent');
  });
}

// What a client says in the test below. Long enough that no two pieces are the same.
function speech(client, random) {
  const pieces = [];
  for (let n = 0; n < 120; n++) {
    const length = 8 + random(n % 8 ? 400 : 8000);
    const text = client.kind === 'ws' && random(2) === 0;
    pieces.push({ bytes: text ? randomText(random, length) : randomBytes(random, length), text });
  }
  return pieces;
}

// Tells whether an entry is what this sender said next, and takes it: a whole piece, or of TCP's stream any number.
function takes(sender, { bytes, text }) {
  if (sender.kind === 'tcp') {
    if (text || !sender.rest.subarray(0, bytes.length).equals(bytes)) return false;
    sender.rest = sender.rest.subarray(bytes.length);
    return true;
  }
  if (!sender.pieces[0]?.bytes.equals(bytes) || sender.pieces[0].text !== text) return false;
  sender.pieces.shift();
  return true;
}

test('all send at once: everybody gets the entries of all others whole, once, and in one order', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = randomFrom(seed + 1);
  const s = await verbatim(t);
  const witness = await raw(s, 'ws');  // sends nothing, so what it gets is all there is
  const senders = [...await oneOfEach(s), ...await oneOfEach(s)];
  const load = new Load([witness, ...senders]);
  for (const sender of senders) {
    sender.pieces = speech(sender, random);
    sender.rest = Buffer.concat(sender.pieces.map(({ bytes }) => bytes));
  }
  await Promise.all(senders.map(async (sender) => {
    for (const piece of [...sender.pieces]) await load.send(sender, piece);
  }));
  await load.arrives();

  const entries = witness.inbox.items.map((entry, n) => {
    const by = senders.find((sender) => takes(sender, entry));
    assert.ok(by, `entry ${n} of ${entry.bytes.length} bytes is nothing that somebody said next`);
    return { ...entry, by };
  });
  for (const { kind, rest, pieces } of senders) {
    assert.equal(kind === 'tcp' ? rest.length : pieces.length, 0, `all that ${kind} said has come`);
  }
  const changes = entries.filter(({ by }, n) => n > 0 && entries[n - 1].by !== by).length;
  t.diagnostic(`${entries.length} entries, ${load.sent} bytes, the sender changed ${changes} times`);
  for (const client of senders) heard(client, entries.filter(({ by }) => by !== client));
});

// ---- pieces

test('a WebSocket message is a text frame for others if it was one, and a binary frame otherwise', async (t) => {
  const s = await verbatim(t);
  const [tcp, udp, ws] = await oneOfEach(s);
  const other = await raw(s, 'ws', { path: '/' });
  const utf8 = Buffer.from('grüß\n');
  const said = [
    [ws, utf8, true], [ws, utf8, false], [tcp, utf8, false], [udp, utf8, false], [ws, Buffer.from([0xff]), false]];
  let due = 0;
  for (const [client, bytes, text] of said) {
    await client.say(bytes, { binary: !text });
    await other.has(due += bytes.length);
  }
  await Promise.all([
    ws.say('in ', { binary: false, fin: false }), ws.say('three ', { fin: false }), ws.say('frames', { fin: true })]);
  await other.has(due + 15);
  heard(other, [...said.map(([, bytes, text]) => ({ bytes, text })), { bytes: Buffer.from('in three frames'), text: true }]);
});

test('the largest datagram is relayed whole', async (t) => {
  const random = randomFrom(seed + 2);
  t.diagnostic(`seed ${seed}`);
  for (const args of [[], WINDOW]) {
    const s = await verbatim(t, ...args);
    const sender = await raw(s, 'udp');
    const receivers = await oneOfEach(s);
    const entries = [];
    for (const size of [DATAGRAM_MAX, 5, DATAGRAM_MAX, DATAGRAM_MAX]) {
      entries.push({ bytes: randomBytes(random, size), text: false });
      await sender.say(entries.at(-1).bytes);
      for (const receiver of receivers) await receiver.has(entries.reduce((sum, { bytes }) => sum + bytes.length, 0));
    }
    for (const receiver of receivers) heard(receiver, entries, `${receiver.kind} ${args}`);
  }
});

test('a WebSocket message larger than a datagram arrives complete', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const s = await verbatim(t, '--set', 'limits.frame_bytes=512KiB');
  const sender = await raw(s, 'ws');
  const receivers = await oneOfEach(s);
  let all = Buffer.alloc(0);
  for (const size of [DATAGRAM_MAX + 1, 2 * DATAGRAM_MAX, 300_000]) {
    const bytes = randomBytes(randomFrom(seed + size), size);
    all = Buffer.concat([all, bytes]);
    await sender.say(bytes);
    for (const receiver of receivers) {
      await receiver.has(all.length);
      same(receiver.all, all, `${size} bytes at ${receiver.kind}`);
    }
  }
});

test('a WebSocket message over limits.frame_bytes closes its sender, and nothing of it is relayed', async (t) => {
  const s = await verbatim(t);
  const [sender, receivers] = [await raw(s, 'ws'), await oneOfEach(s)];
  await sender.say(Buffer.alloc(64 * 1024, 'a'));
  for (const receiver of receivers) await receiver.has(64 * 1024);
  await sender.say(Buffer.alloc(64 * 1024 + 1, 'b'));
  assert.equal((await sender.whenClosed()).code, 1009);
  await receivers[0].say('on');
  await receivers[2].has(64 * 1024 + 2);
  assert.ok(!receivers[2].all.includes('b'));
});

test('text that is not UTF-8 in a text frame closes its sender with 1007, and nothing of it is relayed', async (t) => {
  const s = await verbatim(t);
  const [tcp, udp, ws] = await oneOfEach(s);
  await ws.say(Buffer.from([0x61, 0xff]), { binary: false });
  assert.equal((await ws.whenClosed()).code, 1007);
  await udp.say('on');
  await tcp.has(2);
  same(tcp.all, Buffer.from('on'), 'tcp');
});

// ---- the exercise

test('the lab\'s TCP and UDP clients talk as in the exercise: each hears what all others typed, once', async (t) => {
  const s = await verbatim(t);
  const lab = (name, program, port) => s.use(new Program(name, [PYTHON, '-u', script(program), '127.0.0.1', `${port}`]));
  const tcp = ['tcp_1', 'tcp_2'].map((name) => lab(name, 'lab_tcp_client.py', s.daemon.tcp));
  await s.daemon.logged(nth(2, / connect transport=tcp /), 'both TCP clients');
  const udp = ['udp_1', 'udp_2'].map((name) => lab(name, 'lab_udp_client.py', s.daemon.udp));
  const there = [...tcp, ...udp];
  const expected = new Map(there.map((each) => [each, []]));
  // A UDP client is in from its first datagram on: it hears nothing before it.
  const inside = new Set(tcp);
  for (const round of [1, 2, 3]) {
    for (const speaker of there) {
      const text = `${speaker.kind} says hello ${round}, grüß dich`;
      inside.add(speaker);
      await speaker.say(text);
      for (const other of inside) {
        if (other === speaker) continue;
        expected.get(other).push(text);
        await other.until((lines) => lines.length >= expected.get(other).length, `"${text}"`);
      }
    }
  }
  for (const each of there) assert.deepEqual(each.lines, expected.get(each), each.kind);
});

// ---- browsers

test('a browser sees entries as text from tcp-N, udp-N and ws-N', async (t) => {
  const s = await verbatim(t);
  const v1 = await s.v1({ nick: 'ann' });
  const clients = [...await oneOfEach(s), await raw(s, 'tcp')];
  const cases = [
    ['plain', 'plain'], ['one end\n', 'one end'], ['one end\r\n', 'one end'], ['two ends\n\n', 'two ends\n'],
    ['\n leading', '\n leading'], ['caf\xe9!', 'caf\uFFFD!'], ['\xff\xfe|', '\uFFFD\uFFFD|'], ['a\tb', 'a\tb'],
    ['esc \x1b[31m', 'esc \uFFFD[31m'], ['nul \0|', 'nul \uFFFD|'], ['/nick x', '/nick x'], ['*** x joined', '*** x joined'],
    ['/login secret', '/login secret'],
    ['l'.repeat(10_000), 'l'.repeat(10_000)], ['l\n'.repeat(200), `${'l\n'.repeat(199)}l`],
  ];
  const nicks = new Set();
  let count = 0;
  for (const client of clients) {
    for (const [bytes] of cases) {
      await client.say(Buffer.from(bytes, 'latin1'));
      // One after the other, so that TCP does not join them.
      await v1.until(() => v1.messages().length > count, JSON.stringify(bytes.slice(0, 40)));
      count++;
    }
    const got = v1.messages().slice(-cases.length);
    assert.deepEqual(got.map(({ text }) => text), cases.map(([, text]) => text), client.kind);
    for (const { nick, via } of got) {
      assert.match(nick, new RegExp(`^${client.kind}-\\d+$`));
      assert.equal(via, client.kind);
    }
    assert.equal(new Set(got.map(({ nick }) => nick)).size, 1, 'a client keeps its name');
    nicks.add(got[0].nick);
  }
  assert.equal(nicks.size, clients.length, 'and nobody else has it');
  const seqs = v1.messages().map(({ seq }) => seq);
  assert.ok(seqs.every((seq, n) => n === 0 || seq > seqs[n - 1]), 'in order');
  const late = await s.v1({ nick: 'late' });
  await late.until(() => late.messages().length >= 15, 'history');
  assert.deepEqual(late.messages().slice(-15).map(({ text }) => text), cases.map(([, text]) => text), 'history is the same');
});

test('relay.show_address shows browsers the address instead', async (t) => {
  const s = await verbatim(t, '--set', 'relay.show_address=true');
  const v1 = await s.v1({ nick: 'ann' });
  for (const client of await oneOfEach(s)) {
    await client.say(`over ${client.kind}`);
    await v1.hears(`over ${client.kind}`);
    const { nick, via } = v1.messages().at(-1);
    assert.deepEqual({ nick, via }, { nick: `127.0.0.1:${client.port}`, via: client.kind });
  }
});

test('a browser gets the largest entries within frames of 256 KiB', async (t) => {
  const s = await verbatim(t);
  const { tcp, udp } = { tcp: await raw(s, 'tcp'), udp: await raw(s, 'udp') };
  const texts = new Inbox('v1');
  const ws = new WebSocket(`ws://127.0.0.1:${s.daemon.http}/ws`, ['chatbridge.v1'], { perMessageDeflate: false });
  s.use({ close: async () => ws.terminate() });
  ws.on('message', (bytes) => {
    if (bytes.length > V1_FRAME_MAX) texts.end(`a frame of ${bytes.length} bytes came`);
    for (const line of bytes.toString().split('\n')) if (line) texts.push(JSON.parse(line));
  });
  ws.on('close', () => texts.end('v1 was closed'));
  ws.on('open', () => ws.send('{"type":"hello"}\n{"type":"join","room":"lobby"}'));
  await texts.find((event) => event.type === 'joined', 'that it is in');
  const bad = Buffer.alloc(DATAGRAM_MAX, 0xff);      // each is three bytes in UTF-8
  const quotes = Buffer.alloc(DATAGRAM_MAX, '"');
  const messages = () => texts.items.filter(({ type }) => type === 'message');
  for (const bytes of [bad, quotes, bad]) await udp.say(bytes);
  await texts.until(() => messages().length >= 3, 'three messages');
  assert.ok(messages()[0].text === '\uFFFD'.repeat(DATAGRAM_MAX), 'all bytes are shown');
  assert.ok(messages()[1].text === '"'.repeat(DATAGRAM_MAX));
  await tcp.say(Buffer.alloc(1_000_000, 'x'));
  const fromTcp = () => messages().filter(({ via }) => via === 'tcp').reduce((sum, { text }) => sum + text.length, 0);
  await texts.until(() => fromTcp() === 1_000_000, 'what TCP sent');
  ws.send('{"type":"history","room":"lobby","limit":50}');
  await texts.find((event) => event.type === 'history' && event.messages.length > 0, 'history');
});

test('what a browser says goes to raw clients followed by LF, to WebSocket as text', async (t) => {
  const s = await verbatim(t);
  const [ann, bob] = [await s.v1({ nick: 'ann' }), await s.v1({ nick: 'bob' })];
  const receivers = await oneOfEach(s);
  const texts = ['hi', 'two\nlines', '/help', '*** no line of the server', 'grüß 😀'];
  for (const text of texts) await ann.publish(text);
  const entries = texts.map((text) => ({ bytes: Buffer.from(`${text}\n`), text: true }));
  for (const receiver of receivers) {
    await receiver.has(Buffer.concat(entries.map(({ bytes }) => bytes)).length);
    heard(receiver, entries);
  }
  await bob.hears(texts.at(-1));
  for (const v1 of [ann, bob]) {
    const seen = v1.messages().map(({ nick, via, text }) => `${nick} ${via} ${text}`);
    assert.deepEqual(seen, texts.map((text) => `ann ws ${text}`));
  }
});

test('what a browser says in another room reaches no raw client', async (t) => {
  const s = await verbatim(t);
  const [ann, receivers] = [await s.v1({ nick: 'ann' }), await oneOfEach(s)];
  await ann.join('dev');
  await ann.publish('for dev', { room: 'dev' });
  await ann.publish('on', { room: 'lobby' });
  for (const receiver of receivers) {
    await receiver.has(3);
    same(receiver.all, Buffer.from('on\n'), receiver.kind);
  }
});

// ---- nothing else is said

test('nothing is said to raw clients: no greeting, no presence, no answers', async (t) => {
  const s = await verbatim(t);
  const receivers = await oneOfEach(s);
  const ann = await s.v1({ nick: 'ann' });
  await ann.ask({ type: 'nick', nick: 'zoe' }, 'nick');
  await ann.send({ type: 'typing', room: 'lobby' });
  await ann.ask({ type: 'direct', nick: 'tcp-1', text: 'psst', id: 'd' }, ({ id, type }) => id === 'd' || type === 'error');
  const members = (await ann.ask({ type: 'who', room: 'lobby' }, 'members')).members.filter(({ nick }) => nick !== 'zoe');
  for (const { nick, via } of members) {
    assert.match(nick, /^(tcp|udp|ws)-\d+$/);
    await ann.ask({ type: 'direct', nick, text: 'psst', id: nick }, ({ id, type }) => id === nick || type === 'error');
    assert.ok(KINDS.includes(via));
  }
  await (await s.v1({ nick: 'bob' })).leave();
  for (const kind of KINDS) await (await new CLIENT[kind](s.daemon).open()).close();
  await ann.publish('end');
  for (const receiver of receivers) {
    await receiver.has(4);
    same(receiver.all, Buffer.from('end\n'), `${receiver.kind} gets only what was said`);
  }
});

test('what would be a command, a server line or bad input in a chat is bytes like any others', async (t) => {
  const s = await verbatim(t);
  const said = [
    '/help', '/help\n', '/nick x\n', '/join dev\n', '/who\n', '/quit\n', '//x\n', '/nosuch\n', '/resume abc\n', ' /login x\n',
    '*** ann joined\n', '*** reply /hello 8f3a21 to join', '*** bye\n', ' ', '\n', '\r\n', '\r', '\0', '\xff\xfb\x01', '\xff\xff',
    '\x1b]0;x\x07', 'caf\xe9\n', `${'x'.repeat(5000)}\n`, '\n'.repeat(200), 'HELLO /world\n',
  ].map((bytes) => Buffer.from(bytes, 'latin1'));
  const clients = [...await oneOfEach(s), ...await oneOfEach(s)];
  const expected = new Map(clients.map((client) => [client, []]));
  for (const speaker of clients.slice(0, KINDS.length)) {
    for (const bytes of said) {
      await speaker.say(bytes);
      // One after the other, so that TCP does not join them.
      for (const [other, entries] of expected) {
        if (other === speaker) continue;
        entries.push({ bytes, text: false });
        await other.has(entries.reduce((sum, entry) => sum + entry.bytes.length, 0));
      }
    }
  }
  for (const [client, entries] of expected) heard(client, entries);
});

test('an empty datagram only registers; the first with bytes registers and is relayed', async (t) => {
  const s = await verbatim(t);
  const [quiet, tcp] = [await raw(s, 'udp'), await raw(s, 'tcp')];
  const direct = await s.use(new UdpBytes(s.daemon)).bind();
  await direct.say('first');
  await Promise.all([quiet.has(5), tcp.has(5)]);
  for (let n = 0; n < 3; n++) await quiet.say('');
  await direct.say('');
  await quiet.say('second');
  await Promise.all([direct.has(6), tcp.has(11)]);
  sameParts(quiet.parts, [Buffer.from('first')], 'the quiet one');
  sameParts(direct.parts, [Buffer.from('second')], 'the other');
  same(tcp.all, Buffer.from('firstsecond'), 'tcp');
});

test('a stranger\'s datagrams are dropped unanswered', async (t) => {
  const s = await verbatim(t, '--set', 'udp.trusted=none');
  const [tcp, ws] = [await raw(s, 'tcp'), await raw(s, 'ws')];
  const stranger = await s.use(new UdpBytes(s.daemon)).bind();
  for (const text of ['hi', '', '/hello 123456', 'hi again']) await stranger.say(text);
  await s.daemon.logged(/udp_dropped/, 'that they were counted', 15_000 * SLOW);
  await tcp.say('on');
  await ws.has(2);
  same(ws.all, Buffer.from('on'), 'ws');
  assert.deepEqual(stranger.parts, []);
});

test('SIGTERM ends connections without a word: what was sent before still arrives, WebSocket closes with 1001', async (t) => {
  const s = await verbatim(t);
  const [tcp, udp, ws] = await oneOfEach(s);
  const silent = await raw(s, 'tcp');
  const v1 = await s.v1({ nick: 'ann' });
  await tcp.say('last words');
  await Promise.all([udp.has(10), ws.has(10), silent.has(10), v1.hears('last words')]);
  s.daemon.proc.kill('SIGTERM');
  assert.equal((await ws.whenClosed()).code, 1001);
  assert.equal((await v1.whenClosed()).code, 1001);
  for (const each of [tcp, silent]) assert.equal((await each.whenClosed()).code, undefined, 'ended, not reset');
  assert.equal((await within(s.daemon.exited, () => 'the daemon ends')).code, 0);
  assert.equal(v1.events.at(-1).type, 'bye', 'v1 is told');
  heard(tcp, []);
  for (const each of [udp, ws, silent]) heard(each, [{ bytes: Buffer.from('last words'), text: false }]);
});

// ---- coming in and going

test('a silent TCP client gets what is relayed from the moment it is accepted', async (t) => {
  const s = await verbatim(t, '--set', 'tcp.greeting=1h');
  const [udp, v1] = [await raw(s, 'udp'), await s.v1({ nick: 'ann' })];
  const client = await raw(s, 'tcp');  // accepted, and waited for
  await udp.say('early');
  await v1.hears('early');
  await client.say('x');
  await client.has(5);
  await udp.has(1);
  same(client.all, Buffer.from('early'), 'what was said before its first bytes');
  same(udp.all, Buffer.from('x'), 'its first bytes');
});

test('a silent TCP client is in when tcp.greeting is over, and hears nothing from before', async (t) => {
  const s = await verbatim(t, '--set', 'tcp.greeting=50ms');
  const [udp, v1] = [await raw(s, 'udp'), await s.v1({ nick: 'ann' })];
  await udp.say('before');
  await v1.hears('before');
  const client = await raw(s, 'tcp');
  await udp.say('now');
  await client.has(3);
  same(client.all, Buffer.from('now'), 'no history');
});

test('a WebSocket client is in when its handshake is answered', async (t) => {
  const s = await verbatim(t, '--threads', '4');
  const tcp = await raw(s, 'tcp');
  for (let n = 0; n < 100; n++) {
    const socket = net.connect({ host: '127.0.0.1', port: s.daemon.http, noDelay: true });
    s.use({ close: async () => socket.destroy() });
    const heard = defer();
    let got = '', said;
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      // At once: nothing else tells a client that it is in.
      if (got.includes('\r\n\r\n')) said ??= tcp.say('now');
      if (got.endsWith('now')) heard.resolve();
    });
    socket.write(handshake());
    await within(heard.promise, () => `client ${n} hears what is said right after its handshake; it got ${got}`);
    socket.destroy();
  }
});

test('half-closing is not leaving, and what was sent before it is relayed', async (t) => {
  const s = await verbatim(t, '--set', 'tcp.half_open=1h');
  const [tcp, udp, ws] = await oneOfEach(s);
  tcp.socket.end('all I have');
  await Promise.all([udp.has(10), ws.has(10)]);
  await ws.say('answer');
  await tcp.has(6);
  same(tcp.all, Buffer.from('answer'), 'a half-closed client still hears');
});

test('limits.rate does not hold raw clients back', async (t) => {
  const rate = ['--set', 'limits.rate=2'];
  if ((await run(['serve', '--check', ...rate])).code !== 0) return t.skip('limits.rate is not built in');
  const s = await verbatim(t, ...rate);
  const clients = await oneOfEach(s);
  const load = new Load(clients);
  const entries = [];
  for (let n = 0; n < 100; n++) {
    for (const client of clients) {
      const bytes = Buffer.from(`=${client.kind} ${n}=`);
      entries.push({ bytes, text: false, by: client });
      await load.send(client, { bytes });
      await load.arrives();
    }
  }
  for (const client of clients) heard(client, entries.filter(({ by }) => by !== client));
  return undefined;
});

// ---- HTTP on the raw port

test('HTTP on the raw port is answered as HTTP, and nothing of it is relayed', async (t) => {
  const s = await verbatim(t);
  const [receivers, v1] = [await oneOfEach(s), await s.v1({ nick: 'ann' })];
  const get = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const body = 'evil text\r\n'.repeat(100);
  const post = `POST /evil HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
  const page = await exchange(s.daemon.tcp, [get]);
  assert.equal(statusOf(page), 200);
  assert.match(page, /<html/i);
  assert.ok(statusOf(await exchange(s.daemon.tcp, [post, body])) >= 400);
  await exchange(s.daemon.tcp, [...Buffer.from(get)].map((byte) => Buffer.of(byte)));
  await exchange(s.daemon.tcp, ['GE', 'T / HT', 'TP/1.0\r\n\r\n', body]);
  await receivers[1].say('on');
  await Promise.all([receivers[0].has(2), receivers[2].has(2), v1.hears('on')]);
  for (const receiver of [receivers[0], receivers[2]]) same(receiver.all, Buffer.from('on'), receiver.kind);
  assert.deepEqual(v1.texts(), ['on']);
});

test('a request line on a connection that was written to closes it, and nothing of it is relayed', async (t) => {
  const s = await verbatim(t);
  const [tcp, udp] = await oneOfEach(s);
  await udp.say('to all');
  await tcp.has(6);
  await tcp.say('GET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await tcp.whenClosed();
  same(tcp.all, Buffer.from('to all'), 'no answer among what others said');
  const late = await raw(s, 'tcp');
  await late.say('on');
  await udp.has(2);
  same(udp.all, Buffer.from('on'), 'udp');
});

test('bytes that only begin like a request are relayed, in the pieces they come in or together', async (t) => {
  const s = await verbatim(t);
  const [tcp, udp] = await oneOfEach(s);
  for (const piece of ['HELLO', ' /wor', 'ld\n', 'GET / not here', ' and on']) await tcp.say(piece);
  const all = Buffer.from('HELLO /world\nGET / not here and on');
  await udp.has(all.length);
  same(udp.all, all, 'udp');
});

// ---- falling behind

const PIECE = 4096;
const FLOOD = 2048;  // pieces: more than the kernel takes for a reader that does not read, by far

// Says so much that who does not read falls behind; the others read every piece before the next.
async function flood(speaker, others) {
  const sent = [];
  for (let n = 0; n < FLOOD; n++) {
    sent.push(Buffer.alloc(PIECE, `=${n}=`));
    await speaker.say(sent.at(-1));
    for (const other of others) await other.has(sent.length * PIECE);
  }
  return Buffer.concat(sent);
}

for (const kind of ['tcp', 'ws']) {
  test(`${kind}: who does not read and falls behind what is kept is closed, and nobody else notices`, async (t) => {
    const s = await verbatim(t, ...WINDOW);
    const others = await oneOfEach(s);
    const speaker = await raw(s, 'tcp');
    const v1 = await s.v1({ nick: 'ann' });
    v1.inbox.keep = ({ type }) => ({ type });
    const stuck = await raw(s, kind, { paused: true });
    if (kind === 'ws') stuck.ws.pause();
    const all = await flood(speaker, others);
    for (const other of others) same(other.all, all, other.kind);
    if (kind === 'ws') stuck.ws.resume();
    else stuck.read();
    const { code } = await stuck.whenClosed();
    t.diagnostic(`closed (${code ?? 'end of stream'}) after it had got ${stuck.bytes} of ${all.length} bytes`);
    assert.ok(stuck.bytes < all.length, 'it was behind');
    same(stuck.all, all.subarray(0, stuck.bytes), 'nothing is left out before the end');
    await s.daemon.logged(new RegExp(` disconnect transport=${kind} .*fell behind`), 'why it was closed');
    await others[1].say('on');
    await speaker.has(2);
    for (const other of [others[0], others[2]]) await other.has(all.length + 2);
    await v1.roundTrip();
    same(speaker.all, Buffer.from('on'), 'the speaker');
  });
}

// ---- chatbridge connect

class Connect {
  constructor(url) {
    this.proc = track(spawn(binary(), ['connect', url, '--nick', 'ann', '--room', 'dev'], { env: cleanEnv() }));
    this.out = new Inbox(`connect ${url}`);
    this.stderr = new Inbox('its standard error');
    this.ended = defer();
    this.proc.stdin.on('error', () => {});
    this.proc.stdout.on('data', (chunk) => this.out.push(chunk));
    const lines = new LineSplitter((line) => this.stderr.push(line));
    this.proc.stderr.on('data', (chunk) => lines.push(chunk));
    this.proc.on('close', (code, signal) => {
      for (const inbox of [this.out, this.stderr]) inbox.end(`connect ended (${code ?? signal})`);
      this.ended.resolve(code ?? signal);
    });
  }

  get all() { return Buffer.concat(this.out.items); }
  inRelay() { return this.stderr.find(/verbatim/, 'that it is in a verbatim relay'); }
  write(bytes) { return new Promise((resolve) => this.proc.stdin.write(bytes, resolve)); }
  has(count) { return this.out.until(() => this.all.length >= count, `${count} bytes`); }
  exit() { return within(this.ended.promise, () => 'connect ends'); }

  async close() {
    this.proc.kill('SIGKILL');
    await this.exit();
  }
}

test('connect tcp:// sends and prints the bytes as they are and no command, and half-closes at the end', async (t) => {
  const s = await verbatim(t, '--set', 'tcp.half_open=500ms');
  const listener = await raw(s, 'tcp');
  const client = s.use(new Connect(`tcp://127.0.0.1:${s.daemon.tcp}`));
  await s.daemon.logged(nth(2, / connect transport=tcp /), 'that it is connected');
  await listener.say(ALL_BYTES);  // while it still waits for a greeting
  await client.inRelay();
  await client.has(256);
  await listener.say('*** you are ann in lobby, /help\n');
  await client.has(288);
  await client.write(ALL_BYTES);
  await listener.has(256);
  client.proc.stdin.end('last');
  await listener.has(260);
  await listener.say('answer');  // it has half-closed, and still listens
  assert.equal(await client.exit(), 0, client.stderr.items.join('\n'));
  same(listener.all, Buffer.concat([ALL_BYTES, Buffer.from('last')]), 'what it sent');
  same(client.all, Buffer.concat([ALL_BYTES, Buffer.from('*** you are ann in lobby, /help\nanswer')]), 'what it printed');
});

test('connect udp:// sends a datagram a line and no command, and prints datagrams as they are', async (t) => {
  const s = await verbatim(t);
  const listener = await raw(s, 'udp');
  const client = s.use(new Connect(`udp://127.0.0.1:${s.daemon.udp}`));
  await client.inRelay();
  await listener.say(ALL_BYTES);
  await client.has(256);
  await client.write('one\n\ntwo\n');
  client.proc.stdin.end('/quit');
  await listener.has(14);
  assert.equal(await client.exit(), 0, client.stderr.items.join('\n'));
  same(client.all, ALL_BYTES, 'what it printed');
  sameParts(listener.parts, ['one\n', '\n', 'two\n', '/quit'].map((line) => Buffer.from(line)), 'what it sent');
});

test('connect udp:// keeps every byte of what is typed, the CR of a CRLF too', async (t) => {
  const s = await verbatim(t);
  const listener = await raw(s, 'tcp');
  const client = s.use(new Connect(`udp://127.0.0.1:${s.daemon.udp}`));
  await client.inRelay();
  client.proc.stdin.end('one\r\nend');
  assert.equal(await client.exit(), 0, client.stderr.items.join('\n'));
  await listener.until(() => listener.all.includes('end'), 'the end');
  same(listener.all, Buffer.from('one\r\nend'), 'what it sent');
});

test('connect ws:// takes part like a browser', async (t) => {
  const s = await verbatim(t);
  const [tcp, v1] = [await raw(s, 'tcp'), await s.v1({ nick: 'bob' })];
  const command = [binary(), 'connect', `ws://127.0.0.1:${s.daemon.http}/ws`, '--nick', 'ann'];
  const client = s.use(new Program('connect', command, { env: cleanEnv() }));
  await client.next(/^\*\*\* you are ann in lobby/, 'the greeting');
  await client.say('hi');
  await tcp.has(3);
  await tcp.say('esc \x1b[31m\n');
  await client.next(/^tcp-\d+: esc \uFFFD\[31m$/, 'what tcp said, cleaned');
  same(tcp.all, Buffer.from('hi\n'), 'tcp');
  assert.equal(v1.count('hi'), 1);
});
