// How many connections there may be: whoever finds no place is told so, and gets one as soon as somebody leaves.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import test from 'node:test';
import { startDaemon } from '../support/daemon.mjs';
import { exchange, request, statusOf } from '../support/http.mjs';
import { namespaces } from '../support/namespaces.mjs';
import { Program } from '../support/program.mjs';
import { scene } from '../support/scene.mjs';
import { DEADLINE_MS } from '../support/wait.mjs';

const GREETING = /^\*\*\* you are \S+ in lobby/;
const REFUSAL = /^\*\*\* .*\bconnections\b.*\btry again later$/;
const set = (...keys) => keys.flatMap((key) => ['--set', key]);
const places = (n) => ({ args: set(`limits.connections=${n}`) });
const isIn = (client) => client.lines.some((line) => GREETING.test(line));

// Comes in, or is told that there is no place and closed; whether it is in.
async function comes(client) {
  const line = await client.next(/^\*\*\* /, 'an answer');
  if (GREETING.test(line)) return true;
  assert.match(line, REFUSAL);
  client.endInput?.();  // nc ends when both sides have
  await client.whenClosed();
  assert.equal(client.lines.length, 1);
  return false;
}

// Somebody has left, and the server may see the end of a connection a little later: tries until it works.
async function atLast(attempt) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

function isRefusedByHttp({ status, headers, body }) {
  assert.equal(status, 503);
  assert.ok(Number(headers['retry-after']) > 0);
  assert.match(headers['content-type'], /^application\/json/);
  const { error } = JSON.parse(body);
  assert.equal(error.code, 'too_many');
  assert.match(error.message, /connections/);
}

const upgradeStatus = (socket) => new Promise((resolve) => {
  socket.ws.on('unexpected-response', (_, response) => { resolve(response.statusCode); socket.ws.terminate(); });
});

test('with all places taken a raw connection gets one line, HTTP and WebSocket a 503, and both are closed', async (t) => {
  const s = await scene(t, places(5));
  const ann = await s.tcp({ nick: 'ann' });
  const inside = [ann, await s.wsText({ nick: 'text' }), await s.v1({ nick: 'v1' }), await s.tcp({ nick: 'bob' })];
  const agent = s.use(Object.assign(new http.Agent({ keepAlive: true, maxSockets: 1 }), { close: async () => agent.destroy() }));
  assert.equal((await request(s.daemon.http, '/healthz', { agent })).status, 200, 'the fifth, kept alive');

  for (let n = 0; n < 3; n++) assert.equal(await comes(await s.tcpSocket().open()), false);
  isRefusedByHttp(await request(s.daemon.http, '/healthz'));
  isRefusedByHttp(await request(s.daemon.http, '/api/rooms', { method: 'POST', body: 'x'.repeat(5_000) }));
  for (const socket of [s.wsTextSocket(), s.v1Socket()]) assert.equal(await upgradeStatus(socket), 503);
  await s.daemon.logged(/ refused .*peer=127\.0\.0\.1:\d+ .*reason=/, 'that one was refused');
  assert.equal(await s.daemon.loggedTimes(/ refused /, 7, 'seven refused'), 7);

  const udp = await s.udp({ nick: 'udp' });
  await udp.say('=udp takes no place=');
  for (const each of inside) await each.hears('=udp takes no place=');
  const reused = await request(s.daemon.http, '/healthz', { agent });
  assert.deepEqual([reused.status, reused.reused], [200, true], 'who is in stays in');
});

const LEAVING = [
  ['tcp', 'closes', (client) => client.close()], ['tcp', 'says /quit', (client) => client.say('/quit')],
  ['ws-text', 'is lost', (client) => client.close()], ['ws-v1', 'says goodbye', (client) => client.leave()],
];

for (const [kind, what, leave] of LEAVING) {
  test(`when ${kind} ${what}, the next gets in, time after time`, async (t) => {
    const s = await scene(t, { args: set('limits.connections=2', 'tcp.half_open=50ms') });
    const ann = await s.tcp({ nick: 'ann' });
    for (let n = 0; n < 5; n++) {
      const client = await atLast(() => s.client(kind));
      assert.equal((await request(s.daemon.http, '/healthz')).status, 503);
      await leave(client);
      await atLast(async () => assert.equal((await request(s.daemon.http, '/healthz')).status, 200));
    }
    await ann.say('/who');
    await ann.notice(/^\*\*\* 1 in lobby: ann/);
  });
}

test('half a request, a bad handshake and HTTP on the raw port give their places back', async (t) => {
  const s = await scene(t, { args: set('limits.connections=2', 'http.header_timeout=100ms') });
  await s.tcp({ nick: 'ann' });
  const requests = [
    [s.daemon.http, 'GET / HTTP/1.1\r\nHost: loc'], [s.daemon.http, 'nonsense\r\n\r\n'],
    [s.daemon.http, 'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', true],
    [s.daemon.tcp, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
  ];
  for (let n = 0; n < 3; n++) {
    for (const [port, bytes, halfClose] of requests) {
      await atLast(async () => {
        const answer = await exchange(port, [bytes], { halfClose });
        assert.ok(statusOf(answer) !== 503 && !REFUSAL.test(answer), answer);
      });
    }
  }
});

test('a crowd of newcomers: everybody is answered, and who is in does not notice', async (t) => {
  const s = await scene(t, places(20));
  const ann = await s.v1({ nick: 'ann' });
  const crowd = Array.from({ length: 400 }, () => s.tcpSocket());
  await Promise.all(crowd.map((each) => each.open()));
  const start = performance.now();
  const inside = (await Promise.all(crowd.map(comes))).filter((is) => is).length;
  t.diagnostic(`all answered in ${(performance.now() - start).toFixed(0)} ms`);
  assert.equal(inside, 19);
  await ann.publish('=still here=');
  for (const each of crowd.filter(isIn)) await each.hears('=still here=');
});

test('who is refused and does not close takes no place', async (t) => {
  const s = await scene(t, places(1));
  const ann = await s.tcp({ nick: 'ann' });
  const clinging = [];
  for (let n = 0; n < 40; n++) {
    const socket = await s.tcpSocket().open();
    socket.socket.removeAllListeners('end');
    clinging.push(socket);
    await socket.next(REFUSAL);
  }
  await ann.say('/quit');
  await ann.whenClosed();
  await atLast(() => s.tcp());
});

test('limits.connections=0 is no limit', async (t) => {
  const s = await scene(t, places(0));
  const crowd = Array.from({ length: 100 }, () => s.tcpSocket());
  await Promise.all(crowd.map((each) => each.open()));
  for (const each of crowd) assert.ok(await comes(each));
});

// ---- of one address

test('limits.connections_per_address: loopback has none, each other address has its own', async (t) => {
  const net = namespaces(t, ['friend', 'other']);
  if (!net) return;
  const { use } = net;
  const daemon = use(await startDaemon({
    prefix: net.hub.prefix, args: ['--tcp', '[::]:0', '--http', '[::]:0', ...set('limits.connections_per_address=3')],
  }));
  const run = (host, ...command) => use(new Program(`${command[0]} in ${host.name}`, [...host.prefix, ...command]));
  const nc = (host, address) => run(host, 'nc', address, `${daemon.tcp}`);
  const fill = async (host, address, count) => {
    const clients = [];
    for (let n = 0; n < count; n++) clients.push(nc(host, address));
    for (const client of clients) assert.ok(await comes(client));
    return clients;
  };
  await fill(net.hub, '127.0.0.1', 5);
  await fill(net.hub, '::1', 5);
  const [first] = await fill(net.friend, net.friend.hubIp, 3);
  assert.equal(await comes(nc(net.friend, net.friend.hubIp)), false);
  const curl = run(net.friend, 'curl', '-si', `http://${net.friend.hubIp}:${daemon.http}/healthz`);
  await curl.whenClosed();
  assert.match(curl.lines[0], /^HTTP\/1\.1 503 /);
  assert.ok(curl.lines.some((line) => /^retry-after: \d+$/i.test(line)));
  assert.match(curl.inbox.items.at(-1) + (await curl.closed).rest, /"error":\{"code":"too_many"/);
  await fill(net.other, net.other.hubIp, 3);
  assert.equal(await comes(nc(net.other, net.other.hubIp)), false);
  await fill(net.friend, net.friend.hubIp6, 3);
  assert.equal(await comes(nc(net.friend, net.friend.hubIp6)), false, 'IPv6 has its own count');
  assert.ok(await comes(nc(net.hub, '127.0.0.1')), 'loopback still gets in');
  await first.say('/quit');
  first.endInput();
  await first.whenClosed();
  await atLast(async () => assert.ok(await comes(nc(net.friend, net.friend.hubIp)), 'a place is free'));
});

// ---- what the limit of open files leaves

const openFiles = (daemon) => /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/limits`, 'utf8')).slice(1).map(Number);

test('the soft limit of open files is raised to the hard one', async (t) => {
  const s = await scene(t, { prefix: ['prlimit', '--nofile=256:4096'] });
  assert.deepEqual(openFiles(s.daemon), [4096, 4096]);
  const crowd = Array.from({ length: 400 }, () => s.tcpSocket());
  await Promise.all(crowd.map((each) => each.open()));
  for (const each of crowd) assert.ok(await comes(each), 'more than the soft limit had let in');
});

test('with few descriptors everybody gets in or a clear line, and descriptors never run out', async (t) => {
  const s = await scene(t, { args: ['--threads', '2'], prefix: ['prlimit', '--nofile=64:64'] });
  const crowd = Array.from({ length: 200 }, () => s.tcpSocket());
  await Promise.all(crowd.map((each) => each.open()));
  const inside = (await Promise.all(crowd.map(comes))).filter((is) => is).length;
  t.diagnostic(`${inside} inside`);
  assert.ok(inside >= 8 && inside < 64, `${inside} inside`);
  isRefusedByHttp(await request(s.daemon.http, '/healthz'));
  assert.ok(!/accept_paused/.test(s.daemon.log()), s.daemon.log());
  const [one] = crowd.filter(isIn);
  await one.say('/quit');
  await one.whenClosed();
  const late = await atLast(() => s.tcp());
  await late.say('=late=');
  for (const each of crowd.filter((each) => isIn(each) && each !== one)) await each.hears('=late=');
});

// ---- other limits

test('limits.header_bytes: a header above it gets 431', async (t) => {
  const s = await scene(t, { args: set('limits.header_bytes=2KiB') });
  const get = (size, port = s.daemon.http) => exchange(
    port, [`GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ${'x'.repeat(size)}\r\n\r\n`]);
  assert.equal(statusOf(await get(1024)), 200);
  assert.equal(statusOf(await get(3 * 1024)), 431);
  assert.equal(statusOf(await get(1024, s.daemon.tcp)), 200, 'the same on the raw port');
  assert.equal(statusOf(await get(3 * 1024, s.daemon.tcp)), 431);
  const shake = (size) => upgradeStatus(s.v1Socket({ headers: { x: 'x'.repeat(size) } }));
  assert.equal(await shake(3 * 1024), 431, 'a handshake too');
  await s.v1({ nick: 'ann' });
  const usual = await scene(t);
  assert.equal(statusOf(await exchange(usual.daemon.http,
    [`GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ${'x'.repeat(15_000)}\r\n\r\n`])), 200, '16 KiB by default');
});

test('limits.rooms_per_client: one room more is refused, until one is left', async (t) => {
  const s = await scene(t, { args: set('limits.rooms_per_client=2') });
  const ann = await s.v1({ nick: 'ann' });
  await ann.join('two');
  const error = await ann.refused({ type: 'join', room: 'three' });
  assert.deepEqual([error.code, error.room], ['too_many', 'three']);
  await ann.join('two');
  await ann.ask({ type: 'leave', room: 'two' }, 'left');
  await ann.join('three');
  assert.equal(ann.welcome.limits.rooms, 2);
});

test('limits.rooms: one room more is refused, and who wanted it stays where it is', async (t) => {
  const s = await scene(t, { args: set('limits.rooms=3') });
  const ann = await s.v1({ nick: 'ann' });
  const raw = await s.tcp({ nick: 'raw' });
  await ann.join('two');
  await ann.join('three');
  const error = await ann.refused({ type: 'join', room: 'four' });
  assert.deepEqual([error.code, error.room], ['too_many', 'four']);
  await raw.say('/join four');
  await raw.notice(/\brooms\b/);
  await raw.say('still in the lobby');
  assert.equal((await ann.hears('still in the lobby')).room, 'lobby');
  await ann.ask({ type: 'leave', room: 'three' }, 'left');
  await raw.join('four');
});
