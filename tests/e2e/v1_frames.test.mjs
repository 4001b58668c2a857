// The WebSocket underneath: handshake, subprotocols, who may connect, and what closes a connection with which code.
import assert from 'node:assert/strict';
import test from 'node:test';
import WebSocket from 'ws';
import { scene } from '../support/scene.mjs';
import { defer, within } from '../support/wait.mjs';

// The outcome of one handshake: {status} when refused, {ws} when accepted.
function handshake(s, { path = '/ws', protocols = [], ...options } = {}) {
  const done = defer();
  const ws = new WebSocket(`ws://127.0.0.1:${s.daemon.http}${path}`, protocols, options);
  s.use({ close: async () => ws.terminate() });
  ws.on('open', () => done.resolve({ ws }));
  ws.on('unexpected-response', (req, res) => { res.resume(); req.destroy(); done.resolve({ status: res.statusCode }); });
  ws.on('error', done.reject);
  return within(done.promise, () => 'the handshake is answered');
}

test('only unknown subprotocols are refused with 400, among others ours is chosen', async (t) => {
  const s = await scene(t);
  assert.equal((await handshake(s, { protocols: ['chatbridge.v99', 'mqtt'] })).status, 400);
  assert.equal((await handshake(s, { protocols: ['mqtt', 'chatbridge.v1'] })).ws.protocol, 'chatbridge.v1');
  assert.equal((await handshake(s)).ws.protocol, '');
});

test('the WebSocket is at / too, and nowhere else', async (t) => {
  const s = await scene(t);
  const ann = await s.v1Socket({ path: '/' }).connect({ nick: 'ann' });
  await ann.publish('hi');
  assert.equal((await handshake(s, { path: '/elsewhere' })).status, 404);
});

test('permessage-deflate is not accepted', async (t) => {
  const s = await scene(t);
  const { ws } = await handshake(s, { protocols: ['chatbridge.v1'], perMessageDeflate: true });
  assert.equal(ws.extensions, '');
});

test('a foreign Origin is refused with 403, the same origin and an allowed one are welcome', async (t) => {
  const s = await scene(t, { args: ['--set', 'http.allowed_origins=https://chat.example'] });
  const { http } = s.daemon;
  const outcome = async (origin) => (await handshake(s, { origin })).status ?? 101;
  assert.equal(await outcome('http://evil.example'), 403);
  assert.equal(await outcome(`http://127.0.0.1:${http + 1}`), 403);
  assert.equal(await outcome('null'), 403);
  assert.equal(await outcome(`http://127.0.0.1:${http}`), 101);
  assert.equal(await outcome('https://chat.example'), 101);
  assert.equal(await outcome(undefined), 101);
});

test('a foreign Host is refused with 421, local names are welcome', async (t) => {
  const s = await scene(t);
  const outcome = async (host) => (await handshake(s, { headers: { host } })).status ?? 101;
  assert.equal(await outcome('rebound.example'), 421);
  assert.equal(await outcome('rebound.example:8080'), 421);
  for (const host of ['localhost', '127.0.0.1:1', '[::1]:8080', 'box', 'nas.local', 'pi.lan:8080', 'a.internal', 'b.home.arpa']) {
    assert.equal(await outcome(host), 101, host);
  }
});

const CLOSING = [
  ['a binary frame', (ws) => ws.send(Buffer.from('{}'), { binary: true }), 1003],
  ['a frame over 64 KiB', (ws) => ws.send('x'.repeat(64 * 1024 + 1), { binary: false }), 1009],
  ['bad UTF-8 in a text frame', (ws) => ws.send(Buffer.from([0x22, 0xc3, 0x28, 0x22]), { binary: false }), 1007],
  ['bad UTF-8 in the second fragment', (ws) => {
    ws.send(Buffer.from('"ok'), { binary: false, fin: false });
    ws.send(Buffer.from([0xff]), { binary: false, fin: true });
  }, 1007],
];

for (const [what, send, code] of CLOSING) {
  test(`${what} closes with ${code}, in both modes, and nothing is relayed`, async (t) => {
    const s = await scene(t);
    const other = await s.v1({ nick: 'other' });
    for (const client of [await s.v1({ nick: 'ann' }), await s.wsText({ nick: 'bob' })]) {
      send(client.ws);
      assert.equal((await client.whenClosed()).code, code, client.kind);
    }
    await other.publish('=marker=');
    assert.deepEqual(other.texts(), ['=marker=']);
  });
}

test('a text of several fragments with a ping in between is one message', async (t) => {
  const s = await scene(t);
  const other = await s.v1({ nick: 'other' });
  const bob = await s.wsText({ nick: 'bob' });
  bob.ws.send('first ', { fin: false });
  bob.ws.ping();
  bob.ws.send('second', { fin: true });
  assert.equal((await other.hears('second')).text, 'first second');
});

test('a closing handshake is answered with 1000', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  await ann.leave();
  assert.equal((await ann.closed).code, 1000);
});

test('a text client gets one frame a line, without line ends', async (t) => {
  const s = await scene(t);
  const text = await s.wsText({ nick: 'bob' });
  const ann = await s.v1({ nick: 'ann' });
  await ann.publish('one\ntwo');
  await ann.publish('three');
  await text.hears('three');
  assert.deepEqual(text.lines.filter((line) => line.startsWith('ann: ')), ['ann: one', 'ann: two', 'ann: three']);
  assert.ok(!text.lines.some((line) => line.includes('\n')));
});

test('text over the message limit is refused in text mode with a *** frame, the connection goes on', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const bob = await s.wsText({ nick: 'bob' });
  await bob.say('x'.repeat(4097));
  await bob.notice();
  await bob.say('still here');
  await ann.hears('still here');
  assert.deepEqual(ann.texts(), ['still here']);
});
