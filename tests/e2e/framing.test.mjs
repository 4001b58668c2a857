// How bytes on a raw TCP connection become messages.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Program } from '../support/program.mjs';
import { scene } from '../support/scene.mjs';

const IAC = 255, WILL = 251, DO = 253, SB = 250, SE = 240, NAWS = 31, TTYPE = 24;

// No rule on unterminated input gets in the way of a test about something else.
const PATIENT = { args: ['--set', 'tcp.unterminated=1h', '--threads', '1'] };

// A speaker on a bare socket and somebody who listens to it.
async function speakerAndListener(t, options = PATIENT) {
  const s = await scene(t, options);
  const listener = await s.v1({ nick: 'listener' });
  const speaker = await s.tcp({ nick: 'ann' });
  return { s, listener, speaker };
}

// Everything ann said that the listener has heard, once a marker said after it is there too.
async function saidByAnn(listener) {
  await listener.publish('=marker=');
  return listener.messages().filter((message) => message.nick === 'ann').map((message) => message.text);
}

// Writes pieces one by one; the daemon, which has one thread here, has answered somebody else in between.
async function inPieces(speaker, listener, pieces) {
  for (const piece of pieces) {
    await speaker.write(piece);
    await listener.roundTrip();
  }
}

// The real one; with -N it half-closes at the end of its input.
const netcat = (s, options) => new Program('nc', ['nc', '-N', '127.0.0.1', String(s.daemon.tcp)], options);
const bytesOf = (data) => [...Buffer.from(data)].map((byte) => Buffer.of(byte));

test('a line in one-byte pieces is one message', async (t) => {
  const { s, listener, speaker } = await speakerAndListener(t);
  await inPieces(speaker, listener, bytesOf('byte by byte\n'));
  await listener.hears('byte by byte');
  assert.deepEqual(await saidByAnn(listener), ['byte by byte']);
});

test('a character cut inside its UTF-8 bytes arrives whole', async (t) => {
  const { s, listener, speaker } = await speakerAndListener(t);
  await inPieces(speaker, listener, bytesOf('Grüße 🌉 €\n'));
  await listener.hears('€');
  assert.deepEqual(await saidByAnn(listener), ['Grüße 🌉 €']);
});

test('two lines in one write are two messages, CRLF ends a line, empty lines are ignored', async (t) => {
  const { s, listener, speaker } = await speakerAndListener(t);
  await speaker.write('one\ntwo\r\n\n\r\n\nthree\n');
  await listener.hears('three');
  assert.deepEqual(await saidByAnn(listener), ['one', 'two', 'three']);
});

test('CR and LF of one line end may come in different packets', async (t) => {
  const { s, listener, speaker } = await speakerAndListener(t);
  await inPieces(speaker, listener, ['one\r', '\ntwo\r', '\n']);
  await listener.hears('two');
  assert.deepEqual(await saidByAnn(listener), ['one', 'two']);
});

test('5,000 bytes are refused with a *** line, nothing of them is relayed, the connection goes on', async (t) => {
  const { s, listener, speaker } = await speakerAndListener(t);
  await speaker.say('a'.repeat(5000));
  await speaker.notice();
  await speaker.say('b'.repeat(4096));
  await listener.hears('b'.repeat(4096));
  await speaker.say('still here');
  await listener.hears('still here');
  assert.deepEqual(await saidByAnn(listener), ['b'.repeat(4096), 'still here']);
});

test('a megabyte without a line end is refused as a whole', async (t) => {
  const { s, listener, speaker } = await speakerAndListener(t);
  await speaker.write(Buffer.alloc(1 << 20, 'm'));
  await speaker.say('tail');
  await speaker.notice();
  await speaker.say('still here');
  await listener.hears('still here');
  assert.deepEqual(await saidByAnn(listener), ['still here']);
});

test('bytes that are not UTF-8 are refused with a *** line, the connection goes on', async (t) => {
  const { s, listener, speaker } = await speakerAndListener(t);
  const bad = [[0xc3, 0x28], [0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]];
  for (const bytes of bad) {
    await speaker.write(Buffer.from([0x61, ...bytes, 0x0a]));
    await speaker.notice();
  }
  await speaker.say('still here');
  await listener.hears('still here');
  assert.deepEqual(await saidByAnn(listener), ['still here']);
});

test('telnet option bytes are dropped, also when they are cut anywhere', async (t) => {
  const { s, listener, speaker } = await speakerAndListener(t);
  const line = Buffer.from([
    IAC, WILL, NAWS, 0x68, IAC, DO, TTYPE, 0x65,
    IAC, SB, NAWS, 0, 80, 0, 10, IAC, IAC, 24, IAC, SE,  // 0x0a and a doubled IAC inside a subnegotiation
    0x79, 0x0a,
  ]);
  await speaker.write(line);
  await inPieces(speaker, listener, bytesOf(line));
  await speaker.say('end');
  await listener.hears('end');
  assert.deepEqual(await saidByAnn(listener), ['hey', 'hey', 'end']);
});

test('IAC IAC is the byte 0xFF, which is no UTF-8: the line is refused', async (t) => {
  const { s, listener, speaker } = await speakerAndListener(t);
  await speaker.write(Buffer.from([0x61, IAC, IAC, 0x62, 0x0a]));
  await speaker.notice();
  await speaker.say('end');
  await listener.hears('end');
  assert.deepEqual(await saidByAnn(listener), ['end']);
});

test('before a first line end, bytes without one become a message when no more come', async (t) => {
  const { s, listener } = await speakerAndListener(t, { args: ['--set', 'tcp.unterminated=50ms'] });
  const lab = await s.tcpRaw();
  for (const text of ['first', 'second', 'third']) {
    await lab.say(text);
    await listener.hears(text);
  }
  assert.deepEqual(listener.texts(), ['first', 'second', 'third']);
});

for (const [name, opening] of [['a first line end', 'hello\n'], ['telnet option bytes', Buffer.of(IAC, WILL, NAWS)]]) {
  test(`after ${name}, only a line end ends a message`, async (t) => {
    const s = await scene(t, { args: ['--set', 'tcp.unterminated=50ms'] });
    const listener = await s.v1({ nick: 'listener' });
    const speaker = await s.tcp();  // by a name of the server's: a command would already be a line end
    await speaker.write(opening);
    await speaker.write('frag');
    await s.unterminatedRulePasses(listener, '=later=');
    await s.unterminatedRulePasses(listener, '=later still=');
    await speaker.write('ment\n');
    await listener.hears('fragment');
    const texts = listener.messages().filter((message) => message.nick === speaker.nick).map((message) => message.text);
    assert.deepEqual(texts, typeof opening === 'string' ? ['hello', 'fragment'] : ['fragment']);
  });
}

test('with tcp.unterminated=1h nothing is a message until its line end', async (t) => {
  const s = await scene(t, PATIENT);
  const listener = await s.v1({ nick: 'listener' });
  const speaker = await s.tcp();
  await speaker.write('not ');
  await s.tcp();  // greeted: more than the 100 ms have passed that the rule gives unless told otherwise
  await speaker.write('yet\n');
  await listener.hears('yet');
  assert.deepEqual(listener.texts(), ['not yet']);
});

for (const [name, typed] of [['a line', 'hi\n'], ['text without a line end', 'hi']]) {
  test(`nc -N delivers ${name} and goes on receiving after its half-close`, async (t) => {
    const s = await scene(t, { args: ['--set', 'tcp.half_open=1h', '--set', 'tcp.unterminated=1h'] });
    const listener = await s.v1({ nick: 'listener' });
    const nc = s.use(netcat(s, { lineEnd: '' }));
    await nc.say(typed);
    nc.endInput();
    await listener.hears('hi');
    for (const text of ['are you', 'still', 'there']) {
      await listener.publish(text);
      await nc.hears(text);
    }
    assert.deepEqual(listener.texts(), ['hi', 'are you', 'still', 'there']);
  });
}

test('after a half-close the server ends the connection when tcp.half_open has passed without a delivery', async (t) => {
  const s = await scene(t, { args: ['--set', 'tcp.half_open=100ms'] });
  const listener = await s.v1({ nick: 'listener' });
  const nc = s.use(netcat(s));
  await nc.say('last words');
  nc.endInput();
  await listener.hears('last words');
  assert.equal((await nc.whenClosed()).code, 0);
});
