// What bad input gets its sender, and that it costs nobody else anything. One daemon meets all of it; after every row
// of the table a bystander on each transport has got what the row says and nothing else, and they talk on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import zlib from 'node:zlib';
import {
  BINARY, CLOSE, CONTINUATION, FrameClient, TEXT, close, fragments, frame, handshake, ping, text,
} from '../support/frames.mjs';
import { request } from '../support/http.mjs';
import { UdpClient } from '../support/clients.mjs';
import { scene } from '../support/scene.mjs';
import { SLOW, within } from '../support/wait.mjs';

const CROWD = 2000;
const GROWTH_MAX = 48 << 20;  // of the daemon's memory over all of it; sanitizers keep what was freed
const FOR_A_MOMENT = { encoding: 'utf8', timeout: 10_000 * SLOW };
const DATAGRAM_FROM = fileURLToPath(new URL('../support/programs/datagram_from.py', import.meta.url));

// ---- the table

const LINES = ['tcp', 'udp', 'ws-text'];
const WS = ['ws-text', 'ws-v1'];
const TOO_LONG = /^\*\*\* a message is at most 4096 bytes/;
const NOT_UTF8 = /^\*\*\* a message is UTF-8/;
const SECRET = /^\*\*\* .*may hold a secret/;
const BAD_NICK = /^\*\*\* a nick is/;
const BAD_ROOM = /^\*\*\* a room is/;
const R = '\ufffd';
const many = (n, each) => Array(n).fill(each);
const say = (said, more = {}) => JSON.stringify({ type: 'message', room: 'lobby', text: said, ...more });
const nick = (name) => JSON.stringify({ type: 'nick', nick: name });
const join = (room) => JSON.stringify({ type: 'join', room });
const latin = (bytes) => Buffer.from(bytes, 'latin1');
const CONTROLS = 'a\x1b[31mb\u0085c\u009b2Jd\u202ee\u2066f\0g\x07h\x7fi\u2028j\rk';
const CLEANED = `a${R}[31mb${R}c${R}2Jd${R}e${R}f${R}g${R}h${R}i${R}j${R}k`;

// [what, over which transports, what is sent, what comes of it]. `sends` is one message or several, each a line, datagram
// or text frame; `bytes` go to the connection as they are. `gets` are the answers, raw clients' lines and chatbridge.v1's
// codes; `said` is what everybody else gets; then the sender is served on, or closed with the code `closes`.
const TABLE = [
  // ---- texts
  ['a line of 5,000 bytes', LINES, { sends: 'a'.repeat(5000), gets: [TOO_LONG] }],
  ['a text of 5,000 bytes', ['ws-v1'], { sends: say('a'.repeat(5000), { id: 'x' }), gets: ['too_long'] }],
  ['1 MiB without a line end', ['tcp'], { sends: Buffer.alloc(1 << 20, 'm'), gets: [TOO_LONG] }],
  ['101 lines in one text', ['udp', 'ws-text'], { sends: 'x\n'.repeat(100) + 'x', gets: [/^\*\*\* .*100 lines/] }],
  ['101 lines in one text', ['ws-v1'], { sends: say('x\n'.repeat(100) + 'x'), gets: ['too_long'] }],
  ['invalid UTF-8', ['tcp', 'udp'], {
    sends: ['a\xc3\x28', '\x80', '\xc0\xaf', '\xed\xa0\x80', '\xf5\x80\x80\x80', '\xe2\x82', '\xfe'].map(latin),
    gets: many(7, NOT_UTF8) }],
  ['invalid UTF-8', WS, { sends: latin('"a\xc3\x28"'), closes: 1007 }],
  ['ESC, C1, bidi, NUL and other controls', LINES, { sends: CONTROLS, said: [CLEANED] }],
  ['ESC, C1, bidi, NUL and other controls', ['ws-v1'], { sends: say(CONTROLS), said: [CLEANED] }],
  ['a TAB', LINES, { sends: 'a\tb', said: ['a\tb'] }],
  ['controls in a command', LINES, { sends: '/\x1b[2J\u202e', gets: [/^\*\*\* no such command/] }],
  ['telnet bytes that say 255', ['tcp'], { sends: latin('a\xff\xffb'), gets: [NOT_UTF8] }],
  ['a telnet subnegotiation of 1 MiB', ['tcp'], {
    sends: Buffer.concat([latin('\xff\xfa\x18'), Buffer.alloc(1 << 20, 'n'), latin('\xff\xf0fine')]), said: ['fine'] }],
  ['an empty line', LINES, { sends: ['', '\r', ''] }],
  ['a text of line ends', ['udp'], { sends: ['\n\n', '\r\n\r\n'], gets: many(2, /^\*\*\* a message is not empty/) }],
  ['a text of line ends', ['ws-text'], { sends: ['\n\n', '\r\n\r\n'] }],
  ['an empty text', ['ws-v1'], { sends: [say(''), say('\n\n')], gets: many(2, 'bad_request') }],
  ['an unknown command', LINES, {
    sends: ['/launch', '/ nick bob', '/Nick bob', '/'], gets: many(4, /^\*\*\* no such command/) }],
  ['a command without what it needs', LINES, { sends: ['/nick', '/join', '/me', '/history x'], gets: many(4, /^\*\*\* \//) }],
  ['what may hold a secret', LINES, {
    sends: [' /LOGIN x', '//login x', '/me /login x', '\u00a0/resume abc'], gets: many(4, SECRET) }],
  ['a resume token that nobody was given', LINES, { sends: ['/resume abc'], gets: many(1, /^\*\*\* that token is not known/) }],
  ['what may hold a secret', ['ws-v1'], {
    sends: ['/resume abc', 'hi\n /LOGIN x'].map((each) => say(each)), gets: many(2, 'bad_request') }],

  // ---- what looks as if the server, or somebody else, said it
  ['a line like the server\'s', ['tcp', 'ws-text'], { sends: '*** bob left', said: ['*** bob left'] }],
  ['a line like the server\'s', ['ws-v1'], { sends: say('*** bob left'), said: ['*** bob left'] }],
  ['a line like the server\'s', ['udp'], { sends: ['*** bob left', '*** \n'], drops: { server_line: 2 } }],
  ['a line like somebody else\'s', LINES, { sends: 'v1_bystander: hi', said: ['v1_bystander: hi'] }],
  ['the server\'s line behind a line end', ['udp', 'ws-text'], { sends: 'hi\n*** bob left', said: ['hi\n*** bob left'] }],
  ['the server\'s line behind a line end', ['ws-v1'], { sends: say('hi\r\n*** bob left'), said: ['hi\n*** bob left'] }],
  ['the server\'s line in an action', ['udp', 'ws-text'], {
    sends: '/me waves\n*** bob left', said: [{ text: 'waves\n*** bob left', action: true }] }],
  ['the server\'s line behind what some take for a line end', LINES, {
    sends: 'hi\r*** bob left\u0085*** bob left\u2028*** bob left\x0b*** bob left\x0c*** bob left',
    said: [`hi${R}*** bob left${R}*** bob left${R}*** bob left${R}*** bob left${R}*** bob left`] }],

  // ---- names
  ['bad nicks', LINES, {
    sends: ['a b', '***', 'a'.repeat(33), 'bob\u202e', 'a\x1bb', '💩', '.'].map((each) => `/nick ${each}`),
    gets: many(7, BAD_NICK) }],
  ['nicks of the server\'s making', LINES, {
    sends: ['guest-7', 'TCP-1', 'ｗｓ-1'].map((each) => `/nick ${each}`), gets: many(3, /^\*\*\* .*given by the server/) }],
  ['a nick that is in use', LINES, {
    sends: ['/nick v1_bystander', '/nick V1_ＢYSTANDER'], gets: many(2, /^\*\*\* (?!you are)/) }],
  ['a nick that is no UTF-8', ['tcp', 'udp'], { sends: latin('/nick a\x80'), gets: [/^\*\*\* (?!you are)/] }],
  ['bad nicks', ['ws-v1'], {
    sends: ['', 'a b', '***', 'a'.repeat(33), 'guest-7', 'a\0b'].map(nick), gets: many(6, 'bad_nick') }],
  ['a nick that is in use', ['ws-v1'], { sends: ['v1_bystander', 'V1_BYSTANDER'].map(nick), gets: many(2, 'nick_taken') }],
  ['bad rooms', LINES, {
    sends: ['Den', 'a b', '../etc', 'a'.repeat(65), '.a', 'dé', 'a\x1b'].map((each) => `/join ${each}`),
    gets: many(7, BAD_ROOM) }],
  ['bad rooms', ['ws-v1'], {
    sends: ['', 'Den', '../etc', 'a'.repeat(65), 'a\0', 'lobby '].map(join), gets: many(6, 'bad_room') }],
  ['messages to rooms it is not in', ['ws-v1'], {
    sends: [say('hi', { room: 'den' }), say('hi', { room: 'no such room' }), '{"type":"leave","room":"den"}',
      '{"type":"history","room":"den"}'],
    gets: ['not_joined', 'bad_room', 'not_joined', 'not_joined'] }],
  ['a join of 1,000 rooms', ['ws-v1'], {
    sends: Array.from({ length: 1000 }, (_, n) => join(`r${n}`)), gets: many(1000 - 99, 'too_many') }],
  ['a join of 1,000 rooms in one frame', ['ws-v1'], {
    sends: Array.from({ length: 1000 }, (_, n) => join(`r${n}`)).join('\n'), gets: many(1000 - 99, 'too_many') }],
  ['a join of 1,000 rooms', ['tcp', 'ws-text'], {
    sends: Array.from({ length: 1000 }, (_, n) => `/join r${n}`),
    gets: Array.from({ length: 1000 }, (_, n) => new RegExp(`^\\*\\*\\* you are \\S+ in r${n},`)) }],

  // ---- JSON
  ['broken JSON', ['ws-v1'], {
    sends: ['{', '}', '{"type":"ping"', '{"type":"ping"}}', "{'type':'ping'}", '{"type":"ping",}', 'null', '[]', '5',
      '"ping"', 'ping',
      '{"type":"message","room":"lobby","text":"a\x1bb"}', '{"type":"message","room":"lobby","text":"\\ud800"}',
      '{"type":"message","room":"lobby","text":"\\x"}', '{"type":"message","room":"lobby","text":"half'],
    gets: many(15, 'bad_request') }],
  ['1,000 levels of JSON', ['ws-v1'], {
    sends: [`${'['.repeat(1000)}${']'.repeat(1000)}`, '['.repeat(1000), '{"a":'.repeat(1000),
      `{"type":"message","room":"lobby","text":"deep","x":${'['.repeat(1000)}${']'.repeat(1000)}}`],
    gets: many(4, 'bad_request') }],
  ['30,000 levels of JSON', ['ws-v1'], { sends: `${'['.repeat(30_000)}${']'.repeat(30_000)}`, gets: ['bad_request'] }],
  ['an unknown type', ['ws-v1'], {
    sends: ['{"type":"launch"}', '{"type":""}', '{"type":"PING"}'], gets: many(3, 'unknown_type') }],
  ['a missing field', ['ws-v1'], {
    sends: ['{}', '{"type":null}', '{"room":"lobby","text":"hi"}', '{"type":"message","room":"lobby"}',
      '{"type":"message","text":"hi"}', '{"type":"join"}', '{"type":"nick"}', '{"type":"who"}', '{"type":"history"}',
      '{"type":"leave"}'],
    gets: many(10, 'bad_request') }],
  ['a wrong type', ['ws-v1'], {
    sends: ['{"type":5}', '{"type":["ping"]}', say(5), say({ a: 1 }), say('x', { id: 7 }), say('x', { action: 'yes' }),
      '{"type":"join","room":["lobby"]}', '{"type":"join","room":"lobby","after":-1}',
      '{"type":"join","room":"lobby","after":"1"}', '{"type":"join","room":"lobby","after":1.5}',
      '{"type":"join","room":"lobby","after":1e400}',
      '{"type":"history","room":"lobby","limit":"all"}', '{"type":"nick","nick":null}', say('x', { id: 'x'.repeat(129) }),
      say('x', { id: 'a\nb' })],
    gets: many(15, 'bad_request') }],
  ['a second hello', ['ws-v1'], { sends: '{"type":"hello","nick":"bob"}', gets: ['bad_request'] }],
  ['10,000 objects in one frame', ['ws-v1'], { sends: '{}\n'.repeat(10_000), gets: many(10_000, 'bad_request') }],
  ['10,000 empty lines in one frame', ['ws-v1'], { sends: '\n'.repeat(10_000) }],
  ['bad objects among good ones', ['ws-v1'], {
    sends: [say('one'), '{', say('two'), '{"type":"launch"}', say('three')].join('\n'), gets: ['bad_request', 'unknown_type'],
    said: ['one', 'two', 'three'] }],

  // ---- frames
  ['an oversized frame', WS, { sends: 'x'.repeat(64 * 1024 + 1), closes: 1009 }],
  ['a header of 2^62 bytes', WS, { bytes: text('', { announced: 2n ** 62n }), closes: 1009 }],
  ['an oversized message in fragments', WS, { bytes: fragments(many(65, 'x'.repeat(1024))), closes: 1009 }],
  ['a message in 4,000 fragments', ['ws-text'], { bytes: fragments(many(4000, 'f')), said: ['f'.repeat(4000)] }],
  ['a message that is never ended', WS, { bytes: [frame(TEXT, 'never', { fin: false }), close(1000)], closes: 1000 }],
  ['a continuation of nothing', WS, { bytes: frame(CONTINUATION, say('hi')), closes: 1002 }],
  ['an unmasked frame', WS, { bytes: text(say('hi'), { masked: false }), closes: 1002 }],
  ['a frame with a reserved bit', WS, { bytes: text(say('hi'), { rsv: 1 }), closes: 1002 }],
  ['a compressed frame', WS, { bytes: text(zlib.deflateRawSync(say('hi')), { rsv: 4 }), closes: 1002 }],
  ['a reserved opcode', WS, { bytes: frame(3, say('hi')), closes: 1002 }],
  ['a binary frame', WS, { bytes: frame(BINARY, say('hi')), closes: 1003 }],
  ['zero-length frames', WS, { bytes: many(1000, text('')) }],
  ['zero-length fragments', WS, { bytes: fragments(many(1000, '')) }],
  ['a ping of 126 bytes', WS, { bytes: ping('x'.repeat(126)), closes: 1002 }],
  ['a Close with half a code', WS, { bytes: frame(CLOSE, '\x03'), closes: 1002 }],

  // ---- datagrams
  ['the largest datagram', ['udp'], { sends: 'x'.repeat(65_507), gets: [TOO_LONG] }],
  ['empty datagrams', ['udp'], { sends: many(100, '') }],
];

// [what, to which port, what is sent, the status, or 'end': the connection ends, with a 408 or nothing]
const WITHOUT_KEY = handshake({ 'Sec-WebSocket-Key': undefined });
const get = (path, headers = 'Host: localhost\r\n') => `GET ${path} HTTP/1.1\r\n${headers}\r\n`;
const post = (body, headers = '', length = body.length) => (
  `POST /api/rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\n${headers}Content-Length: ${length}\r\n\r\n${body}`);
const HTTP_TABLE = [
  ['a handshake with no key', 'http', WITHOUT_KEY, 400],
  ['a handshake with a foreign Origin', 'http', handshake({ Origin: 'http://foreign.example' }), 403],
  ['a handshake with a foreign Host', 'http', handshake({ Host: 'rebound.example' }), 421],
  ['a handshake with an unknown subprotocol', 'http', handshake({ 'Sec-WebSocket-Protocol': 'evil' }), 400],
  ['a request for a foreign Host', 'http', get('/', 'Host: rebound.example\r\n'), 421],
  ['a foreign Origin\'s POST', 'http',
    post('{"text":"evil"}', 'Origin: http://foreign.example\r\nContent-Type: application/json\r\n'), [403, 404]],
  ['a request without a Host', 'http', get('/', ''), 400],
  ['what is no HTTP', 'http', '/nick evil\r\nevil\r\n\r\n', 400],
  ['bytes that are no text', 'http', latin('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'), 400],
  ['20 KiB of header', 'http', get('/', `Host: localhost\r\nX: ${'x'.repeat(20_000)}\r\n`), 431],
  ['1 MiB of body', 'http', post('x'.repeat(1 << 20)), 413],
  ['a length that is no number', 'http', post('evil', '', 'ten'), 400],
  ['a bad room', 'http', get('/api/rooms/Bad%20Room/messages'), [400, 404]],
  ['a bad nick', 'http', post('{"text":"evil","nick":"*** x"}'), [400, 404]],
  ['broken JSON', 'http', post('{"text":"evil"'), [400, 404]],
  ['a path out of the tree', 'http', get('/../../etc/passwd'), 404],
  ['half a request and silence', 'http', 'GET / HTTP/1.1\r\nHost: loc', 'end'],
  ['half a body and silence', 'http', post('evil', '', 100), 'end'],
  ['half a handshake and silence', 'http', WITHOUT_KEY.slice(0, -2), 'end'],
  ['silence', 'http', '', 'end'],
  ['half a request and silence on the raw port', 'tcp', 'GET / HT', 'end'],
  ['half a header and silence on the raw port', 'tcp', 'POST / HTTP/1.1\r\nHost: loc', 'end'],
  ['a handshake on the raw port with no key', 'tcp', WITHOUT_KEY, 400],
  ['a foreign Host on the raw port', 'tcp', get('/', 'Host: rebound.example\r\n'), 421],
];

// ---- senders

const GUEST_CAME_OR_WENT = /^\*\*\* (guest-\d+|\w+_bystander) (joined|left)$/;
const GREETING = /^\*\*\* you are guest-\d+ in lobby, \/help$/;
const ROOMS = /^\*\*\* rooms: /;

class LineSender {
  constructor(client, put) {
    this.client = client;
    this.put = put;
  }
  get nick() { return this.client.nick; }
  lines() { return this.client instanceof FrameClient ? this.client.texts() : this.client.lines; }
  // It is served still, and what it sent before has been answered.
  async served() {
    const from = this.client.inbox.items.length;
    await this.put('/rooms');
    const lineOf = (item) => (this.client instanceof FrameClient ? this.client.textOf(item) : item);
    await this.client.inbox.find((item) => ROOMS.test(lineOf(item)), 'an answer to /rooms', { from });
  }
  answers() {
    const usual = [GUEST_CAME_OR_WENT, GREETING, ROOMS];
    return this.lines().filter((line) => line.startsWith('*** ') && !usual.some((each) => each.test(line)));
  }
}

class V1Sender extends LineSender {
  events() { return this.client.texts().flatMap((each) => each.split('\n')).map((line) => JSON.parse(line)); }
  async served() {
    await this.put('{"type":"ping"}');
    await this.client.hears('"type":"pong"');
  }
  answers() { return this.events().filter(({ type }) => type === 'error').map(({ code }) => code); }
}

const SENDERS = {
  tcp: async (s) => {
    const client = await s.tcp();
    return new LineSender(client, (line) => client.write(Buffer.concat([Buffer.from(line), Buffer.from('\n')])));
  },
  udp: async (s) => {
    const client = await s.udp();
    return new LineSender(client, (datagram) => client.say(datagram));
  },
  'ws-text': async (s) => {
    const client = await s.use(new FrameClient(s.daemon.http)).enter();
    return new LineSender(client, (payload) => client.write(text(payload)));
  },
  'ws-v1': async (s) => {
    const client = await s.use(new FrameClient(s.daemon.http)).join();
    return new V1Sender(client, (payload) => client.write(text(payload)));
  },
};

// ---- bystanders

// What raw clients get of a text: each of its lines under the sender's name.
const asLines = ({ nick, text, action }) => text.split('\n').map((line) => (
  `${action ? `* ${nick} ` : `${nick}: `}${line.replaceAll('\t', R)}`));

class Bystanders {
  static async come(s) {
    const all = new Bystanders();
    all.v1 = await s.v1({ nick: 'v1_bystander' });
    all.everybody = [all.v1, await s.tcp({ nick: 'tcp_bystander' }), await s.udp({ nick: 'udp_bystander' }),
      await s.wsText({ nick: 'ws_bystander' })];
    all.daemon = s.daemon;
    await all.talk('the beginning');
    all.begin = all.peak = s.daemon.rss();
    return all;
  }

  // Each of them talks and is heard by the others; gives what was said, and sets the mark.
  async talk(about) {
    this.talks = (this.talks ?? 0) + 1;
    const said = this.everybody.map(({ nick }) => ({ nick, text: `=${this.talks}: ${about} by ${nick}=` }));
    for (const speaker of this.everybody) {
      const { text } = said.find(({ nick }) => nick === speaker.nick);
      await speaker.say(text);
      for (const each of this.everybody) if (each !== speaker || each === this.v1) await each.hears(text);
    }
    this.mark = new Map(this.everybody.map((each) => [each, each.inbox.items.length]));
    return said;
  }

  // Since the mark they got `said` and nothing else, and they go on, as HTTP does.
  async got(said, what) {
    const mark = this.mark;
    const all = [...said, ...await this.talk(what)];
    assert.equal((await request(this.daemon.http, '/healthz')).status, 200);
    this.peak = Math.max(this.peak, this.daemon.rss());
    const news = (each) => each.inbox.items.slice(mark.get(each));
    const events = news(this.v1).filter(({ type }) => type !== 'presence' && type !== 'ack');
    assert.deepEqual(events.map(({ type, nick, text, action = false }) => ({ type, nick, text, action })),
      all.map(({ nick, text, action = false }) => ({ type: 'message', nick, text, action })));
    for (const each of this.everybody.filter((one) => one !== this.v1)) {
      assert.deepEqual(news(each).filter((line) => !GUEST_CAME_OR_WENT.test(line)),
        all.filter(({ nick }) => nick !== each.nick).flatMap(asLines), each.inbox.owner);
    }
  }
}

// ---- the test

// 20,000 times what is answered with an error. The answers come to more than a client may have pending, so it is read in
// turns with what it is sent, and each turn meets what the others say.
const FLOODS = {
  tcp: '/x\n'.repeat(20_000),
  'ws-text': Buffer.concat(many(20_000, text('/x'))),
  'ws-v1': text('{}\n'.repeat(20_000)),
};

function assertAnswers(got, expected) {
  assert.equal(got.length, expected.length, `${got.length} answers, not ${expected.length}: ${got.slice(0, 5).join(' | ')}`);
  const assertFits = (each, fits) => (fits instanceof RegExp ? assert.match(each, fits) : assert.equal(each, fits));
  got.forEach((each, at) => assertFits(each, expected[at]));
}

async function runRow(s, bystanders, what, kind, { sends = [], bytes = [], gets = [], said = [], closes }) {
  const sender = await SENDERS[kind](s);
  const { client } = sender;
  for (const each of [sends].flat()) await sender.put(each);
  const raw = [bytes].flat();
  if (raw.some((each) => (each[0] & 15) === CLOSE)) client.closes();
  if (raw.length) await client.write(Buffer.concat(raw));
  if (closes === undefined) await sender.served();
  else assert.equal((await client.whenClosed()).code, closes);
  assertAnswers(sender.answers(), gets);
  await bystanders.got(said.map((each) => ({ nick: sender.nick, ...(each.action ? each : { text: each }) })), what);
  await (kind === 'udp' ? sender.put('/quit') : client.close());
}

async function runHttpRow(s, bystanders, what, port, sends, expected) {
  const client = s.use(new FrameClient(s.daemon[port]));
  await client.write(sends);
  if (expected === 'end') await client.whenClosed('the end', 10_000 * SLOW);
  else await within(client.answered.promise, () => 'the request is answered');
  const status = client.response?.status;
  assert.ok((expected === 'end' ? [undefined, 408] : [expected].flat()).includes(status), `${status}, not ${expected}`);
  await bystanders.got([], what);
  await client.close();
}

// Everything the daemon says it has dropped, by reason.
function dropped(log) {
  const sums = {};
  for (const [, counts] of log.matchAll(/ udp_dropped (.*)$/gm)) {
    for (const [, reason, n] of counts.matchAll(/(\w+)=(\d+)/g)) sums[reason] = (sums[reason] ?? 0) + Number(n);
  }
  return sums;
}

// A socket on a port below 1024, or undefined where that takes more rights.
async function lowPort(s) {
  for (const port of [907, 911, 919, 929, 937]) {
    const client = new UdpClient(s.daemon.udp, { bind: { address: '127.0.0.1', port } });
    const opened = await client.open().then(() => true, () => false);
    if (opened) return s.use(client);
    await client.close().catch(() => {});
  }
  return undefined;
}

// As many descriptors as this system gives without asking.
const ALL_DESCRIPTORS = ['sh', '-c', 'ulimit -n "$(ulimit -H -n)"; exec "$@"', 'sh'];
const descriptors = () => Number(spawnSync('sh', ['-c', 'ulimit -H -n'], { encoding: 'utf8' }).stdout.trim()) || Infinity;

// A connection that sends nothing and remembers what it gets.
function silent(port) {
  const one = { socket: net.connect({ host: '127.0.0.1', port }), got: '', wake: () => {} };
  one.socket.on('data', (chunk) => { one.got += chunk; one.wake(); });
  one.socket.on('error', (error) => { one.got += String(error); one.wake(); });
  one.closed = new Promise((resolve) => one.socket.on('close', resolve));
  one.hears = (said) => within(new Promise((resolve) => {
    one.wake = () => { if (one.got.includes(said)) resolve(); };
    one.wake();
  }), () => `a silent connection gets ${said}; got ${one.got.slice(-300)}`, 20_000 * SLOW);
  return one;
}

test('bad input is answered, and hurts nobody', async (t) => {
  const s = await scene(t, {
    prefix: ALL_DESCRIPTORS,
    args: ['--set', 'limits.rate=0', '--set', 'http.header_timeout=500ms', '--set', 'tcp.greeting=20ms'],
  });
  const bystanders = await Bystanders.come(s);
  const drops = {
    low_port: 0, own_socket: 0, server_line: 0, untrusted: 0, challenged: 0, wrong_cookie: 0, over_limit: 0, rate: 0, too_many: 0, congested: 0,
  };

  for (const [what, kinds, row] of TABLE) {
    for (const kind of kinds) {
      await t.test(`${kind}: ${what}`, () => runRow(s, bystanders, what, kind, row));
      for (const [reason, n] of Object.entries(row.drops ?? {})) drops[reason] += n;
    }
  }

  for (const [what, port, sends, expected] of HTTP_TABLE) {
    await t.test(`${port}: ${what}`, () => runHttpRow(s, bystanders, what, port, sends, expected));
  }

  await t.test('an empty datagram of a stranger is answered with a greeting', async () => {
    const stranger = await s.udpSocket().open();
    await stranger.say('');
    await stranger.next(GREETING);
    await bystanders.got([], 'an empty datagram');
    await stranger.say('/quit');
  });

  await t.test('datagrams from a port below 1024 are dropped and counted', async (t) => {
    const low = await lowPort(s);
    if (!low) return t.skip('NOT TESTED: ports below 1024 take root');
    for (const each of ['', 'evil', '/nick evil']) await low.say(each);
    drops.low_port += 3;
    await bystanders.got([], 'low port');
    assert.deepEqual(low.datagrams, []);
  });

  await t.test('a datagram from the server\'s own address is dropped and counted', async (t) => {
    const own = ['127.0.0.1', String(s.daemon.udp)];
    const { status, stderr } = spawnSync('/usr/bin/python3', [DATAGRAM_FROM, ...own, ...own, 'evil'], FOR_A_MOMENT);
    if (/PermissionError/.test(stderr)) return t.skip('NOT TESTED: forged source addresses take root');
    assert.equal(status, 0, stderr);
    drops.own_socket += 1;
    await bystanders.got([], 'own address');
  });

  for (const kind of WS) {
    await t.test(`${kind}: 10,000 pings at once are answered`, async () => {
      const { client } = await SENDERS[kind](s);
      await client.write(Buffer.concat(Array.from({ length: 10_000 }, (_, n) => ping(`${n}`))));
      await client.hearsPong('9999');
      const pongs = client.pongs().map(Number);
      assert.deepEqual(pongs, [...new Set(pongs)].sort((a, b) => a - b), 'in order, none twice');
      await bystanders.got([], 'pings');
      await client.close();
    });

    await t.test(`${kind}: 100,000 pings of one who reads no pongs wait for it, and hold up nobody`, async () => {
      const { client } = await SENDERS[kind](s);
      client.socket.pause();
      const last = '100000'.padEnd(125, ' ');
      const written = client.write(Buffer.concat([...many(99_999, ping('x'.repeat(125))), ping(last)]));
      await bystanders.got([], 'pings, unread');
      client.socket.resume();
      await within(written, () => 'the pings are taken');
      await client.hearsPong(last);
      await bystanders.got([], 'pings, read');
      await client.close();
    });
  }

  for (const [kind, flood] of Object.entries(FLOODS)) {
    await t.test(`${kind}: 100,000 bad lines are answered while others talk and hear each other all the time`, async () => {
      const sender = await SENDERS[kind](s);
      const written = Promise.all(many(5, flood).map((each) => sender.client.write(each)));
      const [first, second] = [bystanders.v1, bystanders.everybody.at(-1)];
      const said = [];
      for (let n = 0; n < 200; n++) {
        said.push({ nick: first.nick, text: `=${kind} ping ${n}=` }, { nick: second.nick, text: `=${kind} pong ${n}=` });
        await first.say(said.at(-2).text);
        await second.hears(said.at(-2).text);
        await second.say(said.at(-1).text);
        await first.hears(said.at(-1).text);
      }
      await within(written, () => 'the lines are taken');
      await sender.served();
      assert.equal(sender.answers().length, 100_000);
      await sender.client.close();
      await bystanders.got(said, 'bad lines');
    });
  }

  await t.test(`${CROWD} connections that send nothing are greeted, hear what is said, and go`, async (t) => {
    if (descriptors() < CROWD + 200) return t.skip(`NOT TESTED: ${descriptors()} descriptors are not enough`);
    const crowd = [];
    s.use({ close: async () => { for (const { socket } of crowd) socket.destroy(); } });
    while (crowd.length < CROWD) {
      const more = Array.from({ length: 200 }, () => silent(s.daemon.tcp));
      crowd.push(...more);
      for (const one of more) await one.hears('*** you are ');
    }
    await bystanders.got([], 'a crowd');
    for (const one of crowd) await one.hears(': a crowd by ws_bystander=');
    for (const { got } of crowd) assert.equal(got.split(': a crowd by v1_bystander=').length, 2, 'once');
    for (const { socket } of crowd) socket.end();
    for (const { closed } of crowd) await within(closed, () => 'the end of a silent connection');
    await bystanders.got([], 'the crowd has gone');
  });

  await t.test('at the end only the bystanders are there, and the daemon has not become large', async (t) => {
    await bystanders.v1.until((events) => events.findLast(({ type }) => type === 'presence')?.count === 4, 'a count of 4');
    const { rooms } = JSON.parse((await request(s.daemon.http, '/api/rooms')).body);
    assert.deepEqual(rooms.map(({ room, count }) => [room, count]), [['lobby', 4]]);
    const [grown, left] = [bystanders.peak, s.daemon.rss()].map((bytes) => bytes - bystanders.begin);
    t.diagnostic(`${bystanders.begin >> 20} MiB, at most ${grown >> 20} MiB more, ${left >> 20} MiB more in the end`);
    assert.ok(grown < GROWTH_MAX * SLOW, `${grown} bytes`);
  });

  await t.test('it stops with 0, every drop was counted, every connection ended, its log is clean', async () => {
    assert.equal(await s.daemon.stop(), 0);
    const log = s.daemon.log();
    const count = (event) => log.split(` ${event} `).length - 1;
    assert.deepEqual(dropped(log), drops);
    assert.equal(count('connect'), count('disconnect'));
    assert.match(log, / stopped clean=true/);
    assert.doesNotMatch(log, / exception /);
    assert.doesNotMatch(log, /evil|\[2J|[\0-\x09\x0b-\x1f\x7f-\x9f]/, 'nothing of what was said, no controls');
  });
});
