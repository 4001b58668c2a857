// chatbridge connect: the client for terminals and pipes, on every transport.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import test from 'node:test';
import { binary, cleanEnv, run, startDaemon, track } from '../support/daemon.mjs';
import { WsV1Client } from '../support/clients.mjs';
import { startNetwork, startTcpRelay, startUdpServer } from '../support/relays.mjs';
import { scene } from '../support/scene.mjs';
import { Terminal } from '../support/terminal.mjs';
import { LineSplitter, Inbox, SLOW, defer, within } from '../support/wait.mjs';

const url = { tcp: (d) => `tcp://127.0.0.1:${d.tcp}`, udp: (d) => `udp://127.0.0.1:${d.udp}`, ws: (d) => `ws://127.0.0.1:${d.http}/ws` };
const TRANSPORTS = Object.keys(url);

// `chatbridge connect` in pipes.
class Piped {
  constructor(args) {
    this.proc = track(spawn(binary(), ['connect', ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: cleanEnv() }));
    this.out = new Inbox(`connect ${args.join(' ')}`);
    this.bytes = [];
    this.stderr = new Inbox('its standard error');
    this.ended = defer();
    const out = new LineSplitter((line) => this.out.push(line));
    const err = new LineSplitter((line) => this.stderr.push(line));
    this.proc.stdin.on('error', () => {});
    this.proc.stdout.on('data', (chunk) => { this.bytes.push(chunk); out.push(chunk); });
    this.proc.stderr.on('data', (chunk) => err.push(chunk));
    this.proc.on('close', (code, signal) => {
      for (const inbox of [this.out, this.stderr]) inbox.end(`connect ended (${code ?? signal})`);
      this.ended.resolve(code ?? signal);
    });
  }

  write(bytes) { return new Promise((resolve) => this.proc.stdin.write(bytes, resolve)); }
  end(bytes = '') { this.proc.stdin.end(bytes); return this; }
  greeted() { return this.out.find(/^\*\*\* you are /, 'the greeting'); }
  hears(line) { return this.out.find((each) => each === line, `"${line}"`); }
  exit(ms) { return within(this.ended.promise, () => `connect ends; it said\n${this.out.items.slice(-8).join('\n')}\n${this.stderr.items.join('\n')}`, ms); }
  said() { return this.out.items.filter((line) => !line.startsWith('*** ')); }
  close() { this.proc.kill('SIGKILL'); return this.exit(); }
}

const piped = (s, ...args) => s.use(new Piped(args));

async function closing(t, started) {
  const made = await started;
  t.after(() => made.close());
  return made;
}

for (const kind of TRANSPORTS) {
  test(`${kind}: lines piped in are said, the last one without its line end too, and it exits with 0`, async (t) => {
    const s = await scene(t);
    const listener = await s.v1({ nick: 'listener' });
    const client = piped(s, url[kind](s.daemon), '--nick', 'ann').end('hi\n//slash\r\n\nlast');
    assert.equal(await client.exit(), 0, client.stderr.items.join('\n'));
    await listener.hears('last');
    assert.deepEqual(listener.messages().map((m) => `${m.nick}: ${m.text}`), ['ann: hi', 'ann: /slash', 'ann: last']);
    assert.deepEqual(client.said(), [], 'own lines are not printed');
    assert.deepEqual(client.stderr.items, []);
  });

  test(`${kind}: a room is joined before anything is said`, async (t) => {
    const s = await scene(t);
    const lobby = await s.v1({ nick: 'lobby' });
    const dev = await s.v1({ nick: 'dev', room: 'dev' });
    assert.equal(await piped(s, url[kind](s.daemon), '--room', 'dev').end('in dev\n').exit(), 0);
    await dev.hears('in dev');
    await lobby.publish('end');
    assert.deepEqual(lobby.texts(), ['end']);
  });

  test(`${kind}: what is said meanwhile is printed, each line with its speaker, nothing from before`, async (t) => {
    const s = await scene(t);
    const bob = await s.v1({ nick: 'bob' });
    await bob.publish('before');
    const client = piped(s, url[kind](s.daemon));
    await client.greeted();
    await bob.publish('one\ntwo');
    await bob.publish('waves', { action: true });
    await bob.publish('esc \u001b[31m\u009b0m \u202e');
    await bob.send({ type: 'nick', nick: 'rob' });
    await client.hears('*** bob is now rob');
    await bob.leave();
    await client.hears('*** rob left');
    assert.deepEqual(client.said(), ['bob: one', 'bob: two', '* bob waves', 'bob: esc \uFFFD[31m\uFFFD0m \uFFFD']);
    assert.equal(await client.end().exit(), 0);
  });

  test(`${kind}: the commands work`, async (t) => {
    const s = await scene(t);
    const bob = await s.v1({ nick: 'bob' });
    await bob.publish('earlier');
    const client = piped(s, url[kind](s.daemon), '--nick', 'ann');
    await client.hears(kind === 'ws' ? '*** you are ann in lobby, /help' : '*** you are ann');
    // One after the other: over UDP what comes while an answer is being made is dropped.
    for (const [command, answer] of [
      ['/history', /^\[\d\d:\d\d\] bob: earlier$/],
      ['/who', (line) => /^\*\*\* 2 in lobby: .*ann \(/.test(line) && line.includes('bob (ws)')],
      ['/rooms', /^\*\*\* rooms: lobby \(2\)$/],
      ['/help', /^\*\*\* \/nick NAME/],
      ['/nosuch', /^\*\*\* no such command/],
    ]) {
      await client.write(`${command}\n`);
      await client.out.find(answer, `an answer to ${command}`);
    }
    await client.write('/me waves\n');
    await bob.hears('waves');
    await client.write('/nick zoe\n');
    await client.hears('*** you are zoe');
    await client.write('/join dev\nover there\n');
    await client.hears('*** you are zoe in dev, /help');
    await bob.publish('not for dev');
    await client.write('/quit\n');
    assert.equal(await client.exit(), kind === 'ws' ? 1 : 0, 'a script that typed a wrong command is told, where it is known');
    const dev = await s.v1({ nick: 'dev', room: 'dev' });
    await dev.hears('over there');
    assert.deepEqual(client.said().filter((line) => !line.startsWith('[')), []);
  });

  test(`${kind}: nobody there is exit 1 and one line`, async (t) => {
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    for (const [host, why] of [[`127.0.0.1:${port}`, /refused/i], ['no-such-host.invalid:9', /no-such-host\.invalid/]]) {
      const result = await run(['connect', `${kind}://${host}`]);
      assert.equal(result.code, 1, result.stderr);
      assert.match(result.stderr, why);
      assert.equal(result.stderr.trim().split('\n').length, 1, result.stderr);
    }
  });
}

test('wrong usage is exit 2, and --help says how', async () => {
  for (const args of [[], ['localhost:9999'], ['http://localhost'], ['tcp://'], ['tcp://h:0'], ['tcp://h:70000'], ['wss://h/ws'],
    ['tcp://h', '--nick', 'a b'], ['tcp://h', '--room', 'A'], ['tcp://h', '--frobnicate'], ['tcp://h', 'tcp://i']]) {
    const result = await run(['connect', ...args]);
    assert.equal(result.code, 2, `${args.join(' ')}: ${result.stderr}`);
    assert.equal(result.stderr.trim().split('\n').length, 1, result.stderr);
  }
  assert.match((await run(['connect', 'wss://h/ws'])).stderr, /not built in/);
  const help = await run(['connect', '--help']);
  assert.equal(help.code, 0);
  for (const word of ['tcp://', 'udp://', 'ws://', '--nick', '--room', 'Ctrl-D', '/quit']) assert.ok(help.stdout.includes(word), word);
});

test('three of them talk with each other, each on another transport', async (t) => {
  const s = await scene(t);
  const people = {};
  for (const kind of TRANSPORTS) {
    people[kind] = piped(s, url[kind](s.daemon), '--nick', kind);
    await people[kind].out.find((line) => line.startsWith(`*** you are ${kind}`), 'its name');
  }
  for (const kind of TRANSPORTS) {
    await people[kind].write(`from ${kind}\n`);
    for (const other of TRANSPORTS) if (other !== kind) await people[other].hears(`${kind}: from ${kind}`);
  }
  for (const kind of TRANSPORTS) {
    assert.deepEqual(people[kind].said(), TRANSPORTS.filter((other) => other !== kind).map((other) => `${other}: from ${other}`));
    assert.equal(await people[kind].end().exit(), 0);
  }
});

for (const kind of ['tcp', 'ws']) {
  test(`${kind}: a large file piped in arrives complete and in order`, async (t) => {
    const s = await scene(t);
    const listener = await s.v1({ nick: 'listener' });
    const lines = Array.from({ length: 5000 }, (_, n) => `line ${n} ${'x'.repeat(n % 300)}`);
    const client = piped(s, url[kind](s.daemon)).end(`${lines.join('\n')}\n`);
    assert.equal(await client.exit(60_000 * SLOW), 0, client.stderr.items.join('\n'));
    await listener.hears(lines.at(-1), 60_000 * SLOW);
    assert.deepEqual(listener.texts(), lines);
  });
}

test('tcp: half a line is not said before its other half comes, however long that takes', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const client = piped(s, url.tcp(s.daemon));
  await client.greeted();
  await client.write('half ');
  await s.unterminatedRulePasses(listener, 'time passes');
  await client.end('whole\nGET / HTTP/1.1 is no request here\n').exit();
  await listener.hears('no request');
  assert.deepEqual(listener.texts(), ['time passes', 'half whole', 'GET / HTTP/1.1 is no request here']);
});

test('tcp: a server that ends before the input does is exit 1, and says so', async (t) => {
  const s = await scene(t);
  const client = piped(s, url.tcp(s.daemon));
  await client.greeted();
  await s.daemon.stop();
  assert.equal(await client.exit(), 1);
  assert.match(client.stderr.items.join('\n'), /^chatbridge: closed by the server$/);
});

test('tcp: after /quit it prints until the server closes, and waits ten seconds for that', async (t) => {
  let closes = true;
  const server = net.createServer((socket) => {
    socket.write('*** you are guest-1 in lobby, /help\n');
    let got = '';
    socket.on('error', () => {}).on('data', (chunk) => {
      if (!(got += chunk).endsWith('hi\n/quit\n') || !closes) return;
      // Not before the client has had every chance to leave too early.
      setImmediate(() => socket.write('bob: late\n', () => setImmediate(() => socket.end('*** bye\n'))));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const there = `tcp://127.0.0.1:${server.address().port}`;
  const client = new Piped([there]).end('hi');
  assert.equal(await client.exit(), 0);
  assert.deepEqual(client.said(), ['bob: late']);
  closes = false;
  const before = Date.now();
  const stuck = new Piped([there]).end('hi\n');
  assert.equal(await stuck.exit(20_000 * SLOW), 1);
  assert.ok(Date.now() - before >= 9_900);
  assert.match(stuck.stderr.items.join('\n'), /does not end the connection/);
});

test('ws: what the server refuses is printed, and a pipe ends with 1', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const client = piped(s, url.ws(s.daemon)).end(`good\n${'x'.repeat(5000)}\n${'y'.repeat(100_000)}\nalso good\n`);
  assert.equal(await client.exit(), 1);
  assert.match(client.stderr.items.join('\n'), /^chatbridge: 2 lines were refused$/);
  await listener.hears('also good');
  assert.deepEqual(listener.texts(), ['good', 'also good']);
});

test('ws: connections lost in the middle cost nothing and repeat nothing, of what is said and of what is heard', async (t) => {
  const s = await scene(t);
  const network = await closing(t, startNetwork(s.daemon.http));
  const through = `ws://127.0.0.1:${network.port}/ws`;
  const listener = await s.v1({ nick: 'listener' });
  const reader = piped(s, through, '--nick', 'reader');
  await reader.greeted();
  // Each connection is cut after a few hundred messages: some are with the journal whose acks never come. (64 wait for one
  // at most, and are sent again.)
  network.cutAfter = 30_000;
  const lines = Array.from({ length: 600 }, (_, n) => `line ${n}`);
  const writer = piped(s, through, '--nick', 'writer').end(lines.join('\n'));
  assert.equal(await writer.exit(60_000 * SLOW), 0, writer.stderr.items.join('\n'));
  assert.ok(network.cuts >= 2, `${network.cuts} cuts`);
  network.cut();
  await reader.stderr.find(/reconnecting/, 'that it lost its connection');
  // More than a join without a place gives.
  const away = Array.from({ length: 80 }, (_, n) => `away ${n}`);
  for (const text of away) await listener.publish(text);
  await reader.out.find(/listener: away 79$/, 'what it missed');
  assert.deepEqual(listener.texts(), [...lines, ...away]);
  assert.deepEqual(reader.said().map((line) => line.replace(/^\[\d\d:\d\d\] /, '')),
    [...lines.map((line) => `writer: ${line}`), ...away.map((line) => `listener: ${line}`)]);
  network.cutAfter = Infinity;
  await reader.stderr.find(/^\*\*\* connected$/, 'that it is back');
});

test('ws: a server that is stopped and started again is joined again, and gets what was typed meanwhile', async (t) => {
  const s = await scene(t);
  const client = piped(s, url.ws(s.daemon), '--nick', 'ann', '--room', 'dev');
  const witness = await s.v1({ nick: 'witness', room: 'dev' });
  await client.greeted();
  await client.write('first\n');
  await witness.hears('first');
  await s.daemon.stop();
  await client.stderr.find(/reconnecting/, 'that it lost its connection');
  await client.write('typed while away\n/nick zoe\n');
  const again = await startDaemon({ args: ['--http', `127.0.0.1:${s.daemon.http}`] });
  s.use({ close: () => again.stop() });
  await client.stderr.find(/^\*\*\* connected$/, 'that it is back', { ms: 20_000 * SLOW });
  await client.hears('*** you are zoe');
  const late = await s.use(new WsV1Client(again.http)).connect({ nick: 'late', room: 'dev' });
  await late.hears('typed while away');
  await late.publish('welcome back');
  assert.deepEqual(late.messages().map((m) => `${m.nick}: ${m.text}`), ['ann: typed while away', 'late: welcome back']);
  await client.hears('late: welcome back');
  assert.equal(await client.end().exit(), 0);
});

test('a verbatim relay gets the bytes and no command, and it ends when the server does', async (t) => {
  const relay = await closing(t, startTcpRelay());
  const s = { use: (each) => { t.after(() => each.close()); return each; } };
  const bytes = Buffer.from(Array.from({ length: 1024 }, (_, n) => n % 256));
  const one = piped(s, `tcp://127.0.0.1:${relay.port}`, '--nick', 'ann');
  await one.stderr.find(/verbatim/, 'what it found');
  const two = piped(s, `tcp://127.0.0.1:${relay.port}`).end(bytes);
  await two.stderr.find(/verbatim/, 'what it found');
  assert.equal(await two.exit(), 0);
  await one.out.until(() => Buffer.concat(one.bytes).length >= bytes.length, 'all bytes');
  assert.deepEqual(Buffer.concat(one.bytes), bytes);
  for (const socket of relay.sockets) socket.end();
  assert.equal(await one.exit(), 1, 'closed before the end of input');
});

test('udp: a challenge is answered once each, a few times at most, and only as a challenge', async (t) => {
  const hello = (line) => (/^\/hello 8f3a21$/.test(line) ? ['*** you are guest-1 in lobby, /help\n'] : undefined);
  const server = await closing(t, startUdpServer((text) => hello(text) ?? (text === '/quit' ? ['*** bye\n'] : text === ''
    ? ['*** reply /hello 8f3a21 to join\n', '*** reply /hello 8f3a21 to join\n', '*** reply /quit to join\n', '*** reply /hello a b to join\n'] : [])));
  const result = new Piped([`udp://127.0.0.1:${server.port}`]).end('hi\n');
  t.after(() => result.close());
  assert.equal(await result.exit(), 0, result.stderr.items.join('\n'));
  assert.deepEqual(server.got, ['', '/hello 8f3a21', 'hi', '/quit']);
  let n = 0;
  const endless = await closing(t, startUdpServer(() => [`*** reply /hello ${++n} to join\n`]));
  assert.equal(await new Piped([`udp://127.0.0.1:${endless.port}`]).end('hi\n').exit(15_000 * SLOW), 1);
  assert.equal(endless.got.length, 11);
});

test('udp: /quit is said again until there is an answer, three times at most, and once when that comes', async (t) => {
  const greet = (text) => (text === '' ? ['*** you are guest-1 in lobby, /help\n'] : []);
  let quits = 0;
  const deaf = await closing(t, startUdpServer(greet));
  const late = await closing(t, startUdpServer((text) => (text === '/quit' && ++quits === 2 ? ['*** bye\n'] : greet(text))));
  const forgetful = await closing(t, startUdpServer((text) => (text === '/quit' ? ['*** reply /hello 8f3a21 to join\n'] : greet(text))));
  const ended = await Promise.all([deaf, late, forgetful].map((server) => new Piped([`udp://127.0.0.1:${server.port}`]).end('hi').exit()));
  assert.deepEqual(ended, [0, 0, 0]);
  assert.deepEqual(deaf.got, ['', 'hi', '/quit', '/quit', '/quit']);
  assert.deepEqual(late.got, ['', 'hi', '/quit', '/quit']);
  assert.deepEqual(forgetful.got, deaf.got, 'who leaves does not join again');
});

test('udp: a server that goes down ends it with 1', async (t) => {
  const s = await scene(t);
  const client = piped(s, url.udp(s.daemon));
  await client.greeted();
  await s.daemon.stop();
  assert.equal(await client.exit(), 1);
  assert.match(client.stderr.items.join('\n'), /^chatbridge: the server is going down$/);
});

test('ws: a nick that is changed too often is changed a little later', async (t) => {
  const s = await scene(t, { args: ['--set', 'limits.nick_changes=60'] });
  const names = Array.from({ length: 62 }, (_, n) => `/nick ann-${n}`);
  const client = piped(s, url.ws(s.daemon)).end(`${names.join('\n')}\nlast\n`);
  const listener = await s.v1({ nick: 'listener' });
  assert.equal(await client.exit(20_000 * SLOW), 0, client.stderr.items.join('\n'));
  assert.ok(client.out.items.includes('*** a nick can be changed 60 times a minute'));
  await client.hears('*** you are ann-61');
  await listener.hears('last');
});

test('ws: a server that is full is said to be full', async (t) => {
  const s = await scene(t, { args: ['--set', 'limits.connections=1'] });
  await s.v1({ nick: 'first' });
  const client = piped(s, url.ws(s.daemon));
  assert.equal(await client.exit(), 1);
  assert.match(client.stderr.items.join('\n'), /^chatbridge: 127\.0\.0\.1:\d+: (?!.*not a WebSocket).*connections/);
});

// ---- on a terminal

const onTerminal = (s, kind, ...args) => s.use(new Terminal([binary(), 'connect', url[kind](s.daemon), '--nick', 'ann', ...args]));

for (const kind of TRANSPORTS) {
  test(`${kind}: on a terminal what arrives stands above the line being typed, which stays whole`, async (t) => {
    const s = await scene(t);
    const bob = await s.tcp({ nick: 'bob' });
    const terminal = onTerminal(s, kind);
    const name = kind === 'ws' ? '*** you are ann in lobby, /help' : '*** you are ann';
    await terminal.shows(name, '>');
    await terminal.type('hällo w');
    await terminal.shows(name, '> hällo w');
    await bob.say('one');
    await terminal.shows(name, 'bob: one', '> hällo w');
    await terminal.type('orld\r');
    await bob.hears('hällo world');
    // Longer than the terminal is wide, the cursor in its middle.
    await terminal.type(`${'x'.repeat(60)}\x1b[D\x1b[D`);
    await bob.say('two');
    await terminal.shows('> hällo world', 'bob: two', `> ${'x'.repeat(38)}`, 'x'.repeat(22));
    await terminal.type('y\r');
    await bob.hears(`${'x'.repeat(58)}yxx`);
    // What was typed before comes back with the arrow.
    await terminal.type('\x1b[A\x1b[A');
    await terminal.until((lines) => lines.at(-1) === '> hällo world', 'the line before the last');
    await terminal.type('!\r');
    await bob.hears('hällo world!');
    await terminal.type('\x04');
    assert.equal(await terminal.exit(), 0, 'Ctrl-D on an empty line is the end of input');
    await bob.notice(/^\*\*\* ann left$/);
  });
}

test('Ctrl-D in a line does not end it, Ctrl-C leaves with 130 and the name is free at once', async (t) => {
  const s = await scene(t);
  const bob = await s.tcp({ nick: 'bob' });
  for (const kind of TRANSPORTS) {
    const terminal = onTerminal(s, kind);
    await terminal.until((lines) => lines.at(-1) === '>' && lines.some((line) => line.startsWith('*** you are ann')), 'its prompt');
    await bob.notice(/^\*\*\* (ann joined|guest-\d+ is now ann)$/);  // who came and went at once is not told
    await terminal.type('not said\x04');
    await bob.say(`still there, ${kind}?`);
    await terminal.until((lines) => lines.at(-1) === '> not said' && lines.at(-2) === `bob: still there, ${kind}?`, 'the line');
    await terminal.type('\x03');
    assert.equal(await terminal.exit(), 130, kind);
    await bob.notice(/^\*\*\* ann left$/);
    await bob.rename('ann');
    await bob.rename('bob');
  }
  assert.ok(!bob.lines.some((line) => line.includes('not said')));
});

test('ws: on a terminal a lost connection is told above the line being typed', async (t) => {
  const s = await scene(t);
  const bob = await s.tcp({ nick: 'bob' });
  const network = await closing(t, startNetwork(s.daemon.http));
  const terminal = s.use(new Terminal([binary(), 'connect', `ws://127.0.0.1:${network.port}/ws`, '--nick', 'ann'], { columns: 100 }));
  await terminal.until((lines) => lines.at(-1) === '>', 'its prompt');
  await terminal.type('typing');
  network.cut();
  await terminal.until((lines) => lines.some((line) => line.startsWith('*** reconnecting…')) && lines.at(-2) === '*** connected'
    && lines.at(-1) === '> typing', 'both');
  await terminal.type(' on\r');
  await bob.hears('typing on');
});

test('what a server says cannot act on the terminal', async (t) => {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.write('*** you are \x1b]0;evil\x07x in lobby, /help\n\x1b[2Jbob: \x9b1A\x00\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const terminal = new Terminal([binary(), 'connect', `tcp://127.0.0.1:${server.address().port}`], { columns: 100 });
  t.after(() => terminal.close());
  await terminal.until((lines) => lines.some((line) => line.includes('[2Jbob: ')), 'the line, harmless');
  assert.doesNotMatch(terminal.bytes, /\x1b\]|\x1b\[2J|\x9b|\0/);
  await terminal.type('\x03');
  assert.equal(await terminal.exit(), 130);
});
