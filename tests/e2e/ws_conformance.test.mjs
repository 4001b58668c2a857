// RFC 6455 as the Autobahn test suite asks a server about it: framing, pings, reserved bits and opcodes, fragmentation,
// UTF-8, closing, limits and the handshake. Every case comes in three ways: in one write, frame by frame and in octets.
// A raw client does not get back what it says, so a listener tells what of it became a message.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  BINARY, CLOSE, CONTINUATION, FrameClient, PING, PONG, TEXT, chopped, close, fragments, frame, handshake, octets, ping, pong,
  text,
} from '../support/frames.mjs';
import { scene } from '../support/scene.mjs';
import { within } from '../support/wait.mjs';

const FRAME_BYTES = 64 * 1024;  // limits.frame_bytes
const OCTETS_MAX = 400;         // what is longer is cut into larger pieces
const PIECE = 997;

// One thread, which has answered the listener between two pieces: so the daemon has taken the first before the second.
const OPTIONS = { args: ['--threads', '1', '--set', 'limits.rate=0'] };

const WAYS = {
  'in one write': (frames) => [Buffer.concat(frames)],
  'frame by frame': (frames) => frames,
  'in octets': (frames) => {
    const all = Buffer.concat(frames);
    return all.length <= OCTETS_MAX ? octets(all) : chopped(all, PIECE);
  },
};

// What the server told this client, but for its greeting and who came and went.
function answersTo(client, mode) {
  const lines = client.texts().flatMap((each) => each.split('\n'));
  const events = () => lines.map((line) => JSON.parse(line));
  if (mode === 'v1') return events().filter(({ type }) => type === 'error').map(({ code }) => code);
  const usual = /^\*\*\* (you are )?\S+ (joined|left|in lobby, \/help)$/;
  return lines.filter((line) => line.startsWith('*** ') && !usual.test(line));
}

// What a case says should happen: `said` becomes messages, `pongs` and `answers` come back, nothing else does, and then
// the connection goes on, or is closed with the code `closes`.
async function check(s, listener, { send, said = [], pongs = [], answers = [], closes, mode = 'text' }, way) {
  const client = s.use(new FrameClient(s.daemon.http));
  await (mode === 'v1' ? client.join() : client.enter());
  if (send.some((each) => (each[0] & 15) === CLOSE)) client.closes();
  for (const piece of WAYS[way](send)) {
    await client.write(piece);
    await listener.roundTrip();
  }
  const token = Buffer.from('still here?');
  if (closes === undefined) await client.roundTrip(token);
  const end = closes === undefined ? client : await client.whenClosed();
  assert.equal(end.broken, undefined);
  if (closes !== undefined) assert.ok([closes].flat().includes(end.code), `closed with ${end.code}, not ${closes}`);
  assert.deepEqual(client.pongs().filter((each) => !each.equals(token)), pongs.map((each) => Buffer.from(each)));
  assert.deepEqual(answersTo(client, mode), answers);
  await listener.publish('=marker=');
  assert.deepEqual(listener.messages().filter(({ nick }) => nick === client.nick).map((message) => message.text), said);
  await client.close();
}

// A test for each case, in every way, with a daemon of the group's.
function group(name, cases, ways = Object.keys(WAYS)) {
  test(name, async (t) => {
    const s = await scene(t, OPTIONS);
    const listener = await s.v1({ nick: 'listener' });
    for (const [what, one] of Object.entries(cases)) {
      await t.test(what, async () => {
        for (const way of ways) {
          await check(s, listener, one, way).catch((error) => {
            throw new Error(`${way}: ${error.message}`, { cause: error });
          });
        }
      });
    }
  });
}

const cases = (list, entry) => Object.fromEntries(list.map(entry));
const hex = (bytes) => Buffer.from(bytes).toString('hex').replace(/..(?=.)/g, '$& ');
const unhex = (digits) => Buffer.from(digits.replaceAll(' ', ''), 'hex');

// ---- framing

// A request of chatbridge.v1 of exactly so many bytes: blanks around JSON say nothing.
const request = (object, bytes) => JSON.stringify(object).padEnd(bytes, ' ');
const message = (said, bytes) => request({ type: 'message', room: 'lobby', text: said }, bytes);
const TOO_LONG = '*** a message is at most 4096 bytes; not sent';

group('text messages of all sizes of header', {
  'an empty message says nothing': { send: [text('')] },
  ...cases([1, 125, 126, 127, 128, 4096], (n) => [`${n} bytes`, { send: [text('*'.repeat(n))], said: ['*'.repeat(n)] }]),
  ...cases([4097, 65535, FRAME_BYTES], (n) => [
    `${n} bytes are too long a message, and no reason to close`,
    { send: [text('*'.repeat(n)), text('next')], said: ['next'], answers: [TOO_LONG] }]),
  ...cases([65535, FRAME_BYTES], (n) => [
    `chatbridge.v1: ${n} bytes`, { mode: 'v1', send: [text(message('whole', n))], said: ['whole'] }]),
});

group('limits', {
  ...cases(['text', 'v1'], (mode) => [
    `${mode}: one byte over limits.frame_bytes`, { mode, send: [text(message('long', FRAME_BYTES + 1))], closes: 1009 }]),
  ...cases(['text', 'v1'], (mode) => [
    `${mode}: the same in fragments`,
    { mode, send: fragments(chopped(Buffer.from(message('long', FRAME_BYTES + 1)), 4096)), closes: 1009 }]),
  'exactly limits.frame_bytes in fragments': {
    mode: 'v1', send: fragments(chopped(Buffer.from(message('whole', FRAME_BYTES)), 4096)), said: ['whole'],
  },
  'a header that announces a gigabyte is enough': { send: [text('', { announced: 2 ** 30 })], closes: 1009 },
  'a length of 2^63 - 1': { send: [text('', { announced: 2n ** 63n - 1n })], closes: 1009 },
  'a length with the highest bit, which must be 0': { send: [text('', { announced: 2n ** 63n })], closes: [1002, 1009] },
  'endless empty fragments are nothing': {
    send: fragments([...Array(2000).fill(''), 'end']), said: ['end'],
  },
});

group('lengths have the shortest form', {
  '125 in 16 bits': { send: [text('*'.repeat(125), { bits: 16 })], closes: 1002 },
  '0 in 16 bits': { send: [text('', { bits: 16 })], closes: 1002 },
  '65535 in 64 bits': { send: [text('*'.repeat(65535), { bits: 64 })], closes: 1002 },
  '5 in 64 bits': { send: [text('hello', { bits: 64 })], closes: 1002 },
});

group('masks', {
  'a text without one': { send: [text('hello', { masked: false })], closes: 1002 },
  'an empty text without one': { send: [text('', { masked: false })], closes: 1002 },
  'a ping without one': { send: [ping('hello', { masked: false })], closes: 1002 },
  'a Close without one': { send: [close(1000, '', { masked: false })], closes: 1002 },
  'one among good ones': { send: [text('one'), text('two', { masked: false }), text('three')], said: ['one'], closes: 1002 },
});

group('binary messages are refused', {
  ...cases(['text', 'v1'], (mode) => [mode, { mode, send: [frame(BINARY, '{"type":"ping"}')], closes: 1003 }]),
  'an empty one': { send: [frame(BINARY)], closes: 1003 },
  'in fragments': { send: fragments(['one', 'two'], BINARY), closes: 1003 },
  'of the largest size': { send: [frame(BINARY, '*'.repeat(FRAME_BYTES))], closes: 1003 },
});

// ---- control frames

const NO_TEXT = Buffer.from([0, 255, 254, 253, 252, 251, 0]);
const TEN = Array.from({ length: 10 }, (_, n) => `payload ${n}`);

group('pings and pongs', {
  'a ping without a payload': { send: [ping()], pongs: [''] },
  ...cases([1, 4, 124, 125], (n) => [`a ping of ${n} bytes`, { send: [ping('*'.repeat(n))], pongs: ['*'.repeat(n)] }]),
  'a ping of bytes that are no UTF-8': { send: [ping(NO_TEXT)], pongs: [NO_TEXT] },
  'a ping of 126 bytes': { send: [ping('*'.repeat(126))], closes: 1002 },
  'a ping of 65536 bytes': { send: [ping('*'.repeat(65536))], closes: 1002 },
  'a ping with its length in 16 bits': { send: [ping('hello', { bits: 16 })], closes: 1002 },
  'a pong nobody asked for': { send: [pong()] },
  'one with a payload': { send: [pong('unsolicited')] },
  'one of 126 bytes': { send: [pong('*'.repeat(126))], closes: 1002 },
  'one and a ping': { send: [pong('unsolicited'), ping('asked')], pongs: ['asked'] },
  'ten pings': { send: TEN.map((each) => ping(each)), pongs: TEN },
  'ten pings between messages': {
    send: TEN.flatMap((each) => [ping(each), text(each)]), pongs: TEN, said: TEN,
  },
  'chatbridge.v1: ten pings between messages': {
    mode: 'v1', send: TEN.flatMap((each) => [ping(each), text(message(each))]), pongs: TEN, said: TEN,
  },
});

group('reserved bits', {
  ...cases([1, 2, 3, 4, 5, 6, 7], (rsv) => [`${rsv} in a text`, { send: [text('hello', { rsv })], closes: 1002 }]),
  'between good frames': {
    send: [text('before'), ping('a'), text('bad', { rsv: 2 }), ping('b')], said: ['before'], pongs: ['a'], closes: 1002,
  },
  'in a binary message': { send: [frame(BINARY, 'hello', { rsv: 5 })], closes: 1002 },
  'in a ping': { send: [ping('hello', { rsv: 6 })], closes: 1002 },
  'in a Close': { send: [close(1000, '', { rsv: 7 })], closes: 1002 },
  'in a later fragment': {
    send: [frame(TEXT, 'one', { fin: false }), frame(CONTINUATION, 'two', { rsv: 4 })], closes: 1002,
  },
  'RSV1, as of a compressed message, chatbridge.v1': { mode: 'v1', send: [text(message('hello'), { rsv: 4 })], closes: 1002 },
});

group('reserved opcodes', {
  ...cases([3, 4, 5, 6, 7, 11, 12, 13, 14, 15], (opcode) => [`${opcode}`, { send: [frame(opcode)], closes: 1002 }]),
  ...cases([3, 7, 11, 15], (opcode) => [
    `${opcode} with a payload, between good frames`,
    { send: [text('before'), ping('a'), frame(opcode, 'payload'), ping('b')], said: ['before'], pongs: ['a'], closes: 1002 }]),
});

// ---- fragments

const part = (payload, fin = false) => frame(CONTINUATION, payload, { fin });
const begin = (payload) => frame(TEXT, payload, { fin: false });

group('fragments', {
  'a ping in fragments': { send: fragments(['one', 'two'], PING), closes: 1002 },
  'a pong in fragments': { send: fragments(['one', 'two'], PONG), closes: 1002 },
  'a Close in fragments': { send: [close(1000, '', { fin: false })], closes: 1002 },
  'a message of two': { send: fragments(['one', 'two']), said: ['onetwo'] },
  'a message of one octet each': { send: fragments(octets('fragment')), said: ['fragment'] },
  'a ping in between': { send: [begin('one'), ping('a'), part('two', true)], said: ['onetwo'], pongs: ['a'] },
  'many of them, pings in between': {
    send: [begin('1'), part('2'), ping('a'), part('3'), part('4'), ping('b'), part('5', true)],
    said: ['12345'],
    pongs: ['a', 'b'],
  },
  'a pong in between': { send: [begin('one'), pong('x'), part('two', true)], said: ['onetwo'] },
  'a continuation with nothing to continue': { send: [part('alone', true), text('next')], closes: 1002 },
  'one that is not the last either': { send: [part('alone'), text('next')], closes: 1002 },
  'one after a whole message': {
    send: [...fragments(['one', 'two']), part('alone'), text('next')], said: ['onetwo'], closes: 1002,
  },
  'a continuation, then a message, twice': {
    send: [part('a'), begin('b'), part('c', true), part('a'), begin('b'), part('c', true)], closes: 1002,
  },
  'a text inside a message': { send: [begin('one'), text('two')], closes: 1002 },
  'a fragment of a text inside a message': { send: [begin('one'), begin('two'), part('three', true)], closes: 1002 },
  'a binary message inside a message': { send: [begin('one'), frame(BINARY, 'two')], closes: 1002 },
  'empty ones say nothing': { send: fragments(['', '', '']) },
  'empty ones around something': { send: fragments(['', 'middle', '']), said: ['middle'] },
  'chatbridge.v1: a request cut anywhere': {
    mode: 'v1', send: fragments(chopped(Buffer.from(message('Grüße 🌉 €')), 3)), said: ['Grüße 🌉 €'],
  },
});

// ---- UTF-8

const REPLACED = '\ufffd';  // what readers get of control characters
const GREETING = 'Hello-µ@ßöäüàá-UTF-8!!';
const BOUNDARIES = [0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000, 0x10ffff];
const NONCHARACTERS = Array.from({ length: 17 }, (_, plane) => [plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff]).flat();
const MIXED = 'a\u00e9\u20ac\u{1f309}z';
const shown = (code) => (code < 0x20 || (code >= 0x7f && code < 0xa0) ? REPLACED : String.fromCodePoint(code));
const named = (code) => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
const cut = (bytes, at) => [bytes.subarray(0, at), bytes.subarray(at)];
const cuts = (bytes) => [...bytes.keys()].slice(1).map((at) => cut(bytes, at));

group('valid UTF-8', {
  'in one frame': { send: [text(GREETING)], said: [GREETING] },
  'an octet a fragment': { send: fragments(octets(GREETING)), said: [GREETING] },
  ...cases(cuts(Buffer.from(MIXED)), (pieces) => [
    `cut after octet ${pieces[0].length}`, { send: fragments(pieces), said: [MIXED] }]),
  'with a ping inside a character': {
    send: [begin(cut(Buffer.from(MIXED), 8)[0]), ping('a'), part(cut(Buffer.from(MIXED), 8)[1], true)],
    said: [MIXED],
    pongs: ['a'],
  },
  ...cases([0, 0x1f, 0x20, 0x7e, 0x7f, ...BOUNDARIES], (code) => [
    named(code), { send: [text(`<${String.fromCodePoint(code)}>`)], said: [`<${shown(code)}>`] }]),
});

group('noncharacters are characters', cases([...NONCHARACTERS, 0xfdd0, 0xfdef], (code) => [
  named(code), { send: [text(String.fromCodePoint(code))], said: [String.fromCodePoint(code)] }]));

const INVALID = {
  'beyond U+10FFFF': [
    'f4 90 80 80', 'f5 80 80 80', 'f7 bf bf bf', 'f8 88 80 80 80', 'fb bf bf bf bf', 'fc 84 80 80 80 80', 'fd bf bf bf bf bf'],
  'surrogates': [
    'ed a0 80', 'ed ad bf', 'ed ae 80', 'ed af bf', 'ed b0 80', 'ed be 80', 'ed bf bf', 'ed a0 80 ed b0 80',
    'ed af bf ed bf bf'],
  'overlong forms': [
    'c0 af', 'e0 80 af', 'f0 80 80 af', 'f8 80 80 80 af', 'fc 80 80 80 80 af', 'c1 bf', 'e0 9f bf', 'f0 8f bf bf',
    'f8 87 bf bf bf', 'c0 80', 'e0 80 80'],
  'continuations alone': [
    '80', 'bf', '80 bf', '80 bf 80', '80 bf 80 bf 80 bf', hex(Array.from({ length: 64 }, (_, n) => 0x80 + n))],
  'beginnings alone': [...Array.from({ length: 0x40 }, (_, n) => hex([0xc0 + n, 0x20])), 'fe', 'ff', 'fe fe ff ff'],
  'characters cut short': [
    'c3', 'e2', 'e2 82', 'f0', 'f0 9f', 'f0 9f 8c', 'c3 28', 'e2 82 28', 'e2 28 a1', 'f0 9f 8c 28', 'f0 28 8c 89', 'ef bf df',
    'c3 e2 82 ac'],
};

for (const [name, sequences] of Object.entries(INVALID)) {
  group(`invalid UTF-8: ${name}`, cases(sequences, (bytes) => [bytes, { send: [text(unhex(bytes))], closes: 1007 }]),
    ['in one write', 'in octets']);
}

const damaged = (at) => Buffer.from(MIXED).fill(0xff, at, at + 1);
const joined = (...parts) => Buffer.concat(parts.map((each) => Buffer.from(each)));
const GOOD = 'κόσμε';

group('invalid UTF-8 anywhere', {
  ...cases([...Buffer.from(MIXED).keys()], (at) => [`octet ${at} of a text`, { send: [text(damaged(at))], closes: 1007 }]),
  ...cases([...Buffer.from(MIXED).keys()], (at) => [
    `octet ${at} of a text in fragments`, { send: fragments(octets(damaged(at))), closes: 1007 }]),
  'after 600 good octets': { send: [text(joined('a'.repeat(600), [0xff]))], closes: 1007 },
  'a surrogate amid good ones': { send: [text(joined(GOOD, [0xed, 0xa0, 0x80], 'edited'))], closes: 1007 },
  'a good message before': { send: [text('good'), text([0xff]), text('next')], said: ['good'], closes: 1007 },
  'a character that no fragment ends': { send: fragments([GOOD, [0xf0, 0x9f], '']), closes: 1007 },
  'chatbridge.v1': { mode: 'v1', send: [text(joined('{"type":"ping","x":"', [0xc3, 0x28], '"}'))], closes: 1007 },
});

// What comes last is never ended: the close comes as soon as no good end is possible.
const announcing = (...payload) => text(joined(...payload), { announced: 100 });
group('invalid UTF-8 is not waited out', {
  'in a fragment that is not the last': { send: [begin(joined(GOOD, [0xff]))], closes: 1007 },
  'in a later one': { send: [begin(GOOD), part([0xf4, 0x90, 0x80, 0x80])], closes: 1007 },
  'by the second octet of a character': { send: [begin(GOOD), part([0xf4]), part([0x90])], closes: 1007 },
  'in the middle of a frame': { send: [announcing(GOOD, [0xf4, 0x90, 0x80, 0x80])], closes: 1007 },
  'in the middle of a frame, by the second octet of a character': { send: [announcing(GOOD, [0xf4, 0x90])], closes: 1007 },
});

// ---- closing

const REASON = '*'.repeat(123);

group('closing', {
  'without a code': { send: [close()], closes: [undefined, 1000] },
  'with a payload of one octet': { send: [frame(CLOSE, '*')], closes: 1002 },
  'with a reason': { send: [close(1000, 'enough for today')], closes: 1000 },
  'with the longest reason': { send: [close(1000, REASON)], closes: 1000 },
  'with one an octet longer': { send: [close(1000, `${REASON}*`)], closes: 1002 },
  'with a reason that is no UTF-8': { send: [close(1000, Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80]))], closes: [1002, 1007] },
  'with a reason cut inside a character': { send: [close(1000, Buffer.from([0x61, 0xe2, 0x82]))], closes: [1002, 1007] },
  'after a message': { send: [text('last words'), close(1000)], said: ['last words'], closes: 1000 },
  'after a long message': {
    send: [text('*'.repeat(FRAME_BYTES)), close(1000), ping('late')], answers: [TOO_LONG], closes: 1000,
  },
  'twice': { send: [close(1000), close(1001)], closes: 1000 },
  'and a ping after it': { send: [close(1000), ping('late')], closes: 1000 },
  'and a text after it': { send: [close(1000), text('late')], closes: 1000 },
  'and bad frames after it': { send: [close(1000), frame(3, 'late', { rsv: 7, masked: false })], closes: 1000 },
  'inside a message': { send: [begin('one'), close(1000), part('two', true)], closes: 1000 },
  'chatbridge.v1': { mode: 'v1', send: [close(1000, 'bye')], closes: 1000 },
});

group('codes that may be sent are answered with themselves', cases(
  [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999],
  (code) => [`${code}`, { send: [close(code, 'because')], closes: code }]));

group('codes that may not be sent are a protocol error', cases(
  [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999], (code) => [`${code}`, { send: [close(code)], closes: 1002 }]));

// Section 7.4.2 has no range above 4999, and says nothing of what is outside its ranges.
group('codes that nobody defined close as well', cases(
  [5000, 65535], (code) => [`${code}`, { send: [close(code)], closes: [1002, code] }]));

// ---- the handshake

const accepted = { status: 101 };
const uncompressed = { ...accepted, 'sec-websocket-extensions': undefined };
const HANDSHAKES = {
  'as every library sends it': [{}, accepted],
  'at /': [{ path: '/' }, accepted],
  'with a query': [{ path: '/ws?from=here' }, accepted],
  'Connection is a list': [{ Connection: 'keep-alive, Upgrade' }, accepted],
  'names in other letters': [{ Upgrade: 'WebSocket', Connection: 'UPGRADE' }, accepted],
  'compression offered, and not taken': [
    { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }, uncompressed],
  'an unknown extension': [{ 'Sec-WebSocket-Extensions': 'x-unknown; a=1' }, uncompressed],
  'our subprotocol among others': [
    { 'Sec-WebSocket-Protocol': 'mqtt, chatbridge.v1' }, { ...accepted, 'sec-websocket-protocol': 'chatbridge.v1' }],
  'our subprotocol in a header of its own': [
    { 'Sec-WebSocket-Protocol': ['mqtt', 'chatbridge.v1'] }, { ...accepted, 'sec-websocket-protocol': 'chatbridge.v1' }],
  'only unknown subprotocols': [{ 'Sec-WebSocket-Protocol': 'mqtt, chatbridge.v2' }, { status: 400 }],
  'no key': [{ 'Sec-WebSocket-Key': undefined }, { status: 400 }],
  'an empty key': [{ 'Sec-WebSocket-Key': '' }, { status: 400 }],
  'a short key': [{ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' }, { status: 400 }],
  'a long key': [{ 'Sec-WebSocket-Key': 'A'.repeat(1000) }, { status: 400 }],
  'an older version': [{ 'Sec-WebSocket-Version': '8' }, { status: 426, 'sec-websocket-version': '13' }],
  'no version': [{ 'Sec-WebSocket-Version': undefined }, { status: 426, 'sec-websocket-version': '13' }],
  'no Upgrade': [{ Upgrade: undefined }, { status: 426, upgrade: 'websocket' }],
  'an Upgrade to something else': [{ Upgrade: 'h2c' }, { status: 426 }],
  'no Connection': [{ Connection: undefined }, { status: 426 }],
  'HTTP/1.0': [{ version: '1.0' }, { status: 426 }],
  'not a GET': [{ method: 'POST', 'Content-Length': '0' }, { status: 426 }],
  'elsewhere': [{ path: '/elsewhere' }, { status: 404 }],
  'a huge header': [{ 'X-Huge': 'x'.repeat(20_000) }, { status: 431 }],
  'very many headers': [{ 'X-Many': Array(2000).fill('x'.repeat(20)) }, { status: 431 }],
  'no Host': [{ Host: undefined }, { status: 400 }],
  'two Hosts': [{ Host: ['localhost', 'localhost'] }, { status: 400 }],
  'a foreign Host': [{ Host: 'rebound.example' }, { status: 421 }],
  'a foreign Origin': [{ Origin: 'http://evil.example' }, { status: 403 }],
  'an Origin that is hidden': [{ Origin: 'null' }, { status: 403 }],
  'our own Origin': [{ Origin: 'http://localhost' }, accepted],
};

test('handshakes', async (t) => {
  const s = await scene(t, OPTIONS);
  const listener = await s.v1({ nick: 'listener' });
  for (const [name, [asked, { status, ...headers }]] of Object.entries(HANDSHAKES)) {
    for (const way of Object.keys(WAYS)) {
      await t.test(`${name}, ${way}`, async () => {
        const client = s.use(new FrameClient(s.daemon.http));
        const said = text(`=${name}, ${way}=`);  // behind the handshake, without waiting for its answer
        for (const piece of WAYS[way]([Buffer.from(handshake(asked)), said])) {
          await client.write(piece);
          await listener.roundTrip();
        }
        const answer = await within(client.answered.promise, () => 'the handshake is answered');
        assert.equal(answer.status, status);
        for (const [header, value] of Object.entries(headers)) assert.equal(answer.headers[header], value, header);
        if (status === 101 && answer.headers['sec-websocket-protocol'] === undefined) {
          await listener.hears(`=${name}, ${way}=`);
          await client.roundTrip();
        }
        await client.close();
      });
    }
  }
  await listener.publish('=marker=');
  const inText = Object.entries(HANDSHAKES).filter(([, [, { status, ...headers }]]) => (
    status === 101 && headers['sec-websocket-protocol'] === undefined));
  const expected = inText.flatMap(([name]) => Object.keys(WAYS).map((way) => `=${name}, ${way}=`));
  assert.deepEqual(listener.texts(), [...expected, '=marker='], 'nobody else came in');
});
