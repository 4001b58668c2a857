import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../../web/js/connection.js';
import { FakeClock, fakeSockets } from './fakes.mjs';

const WELCOME = { type: 'welcome', nick: 'ann', session: 's1', room: 'lobby', limits: {} };

function setup({ random = () => 0 } = {}) {
  const clock = new FakeClock();
  const WebSocket = fakeSockets();
  const frames = [];
  const states = [];
  const connection = new Connection({
    url: 'ws://host/ws', WebSocket, clock, random,
    hello: () => ({ type: 'hello', nick: 'ann' }),
    onFrame: (frame) => frames.push(frame),
    onState: (state) => states.push(state),
  });
  const welcome = () => { WebSocket.last.opens(); WebSocket.last.says(WELCOME); };
  return { clock, WebSocket, frames, states, connection, welcome };
}

test('it offers the subprotocol, greets when open and is connected when welcomed', () => {
  const { WebSocket, connection, states, welcome } = setup();
  connection.start();
  assert.deepEqual(WebSocket.last.protocols, ['chatbridge.v1']);
  assert.deepEqual(WebSocket.last.sent, []);
  welcome();
  assert.deepEqual(WebSocket.last.sent, [{ type: 'hello', nick: 'ann' }]);
  assert.deepEqual(states.map((state) => state.name), ['connecting', 'connected']);
});

test('start while it runs opens no second socket', () => {
  const { WebSocket, connection, welcome } = setup();
  connection.start();
  connection.start();
  welcome();
  connection.start();
  assert.equal(WebSocket.all.length, 1);
});

test('a text holds several frames; blank lines, broken lines and binary are skipped', () => {
  const { WebSocket, connection, frames, welcome } = setup();
  connection.start();
  welcome();
  WebSocket.last.raw('{"type":"pong"}\n\nnot json\n"text"\n{"type":"left","room":"a"}\n');
  WebSocket.last.raw(new ArrayBuffer(3));
  assert.deepEqual(frames.slice(1).map((frame) => frame.type), ['pong', 'left']);
});

test('nothing is sent while not connected, and the sender is told', () => {
  const { WebSocket, connection, welcome } = setup();
  assert.equal(connection.send({ type: 'ping' }), false);
  connection.start();
  WebSocket.last.opens();
  assert.equal(connection.send({ type: 'ping' }), false);
  welcome();
  assert.equal(connection.send({ type: 'ping' }), true);
});

test('it waits longer after each failure, never more than 30 s, and at least half of it', () => {
  for (const [random, factor] of [[0, 0.5], [1, 1]]) {
    const { clock, WebSocket, connection } = setup({ random: () => random });
    const waits = [];
    connection.start();
    for (let i = 0; i < 9; i += 1) {
      WebSocket.last.drops();
      const wait = connection.state.retryAt - clock.now();
      waits.push(wait);
      const before = WebSocket.all.length;
      clock.advance(wait - 1);
      assert.equal(WebSocket.all.length, before);
      clock.advance(1);
      assert.equal(WebSocket.all.length, before + 1);
    }
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000].map((ms) => ms * factor));
  }
});

test('only a connection that lasted starts the back-off over', () => {
  const { clock, WebSocket, connection, welcome } = setup({ random: () => 1 });
  const wait = () => connection.state.retryAt - clock.now();
  connection.start();
  welcome();
  WebSocket.last.drops();
  assert.equal(wait(), 500);
  clock.advance(500);
  welcome();
  WebSocket.last.drops();
  assert.equal(wait(), 1000, 'welcomed and thrown out at once is a failure');
  clock.advance(1000);
  welcome();
  clock.advance(10_000);
  WebSocket.last.drops();
  assert.equal(wait(), 500);
});

test('bye says when to come back and why', () => {
  const { clock, WebSocket, connection, welcome } = setup({ random: () => 0.5 });
  connection.start();
  welcome();
  WebSocket.last.says({ type: 'bye', reason: 'shutdown', retry_after_ms: 8000 });
  assert.equal(connection.state.name, 'connected', 'what is still queued may follow');
  WebSocket.last.drops(1001);
  assert.deepEqual(connection.state, { name: 'waiting', retryAt: clock.now() + 10_000, reason: 'shutdown' });
  clock.advance(10_000);
  assert.equal(WebSocket.all.length, 2);
  WebSocket.last.drops();
  assert.equal(connection.state.reason, undefined, 'a bye counts once');
});

test('a bye without a close is taken at its word after a while', () => {
  const { clock, WebSocket, connection, welcome } = setup();
  connection.start();
  welcome();
  WebSocket.last.says({ type: 'bye', reason: 'shutdown', retry_after_ms: 0 });
  clock.advance(5_000);
  assert.equal(WebSocket.all.length, 2);
});

test('a silent link is asked, and given up when it does not answer', () => {
  const { clock, WebSocket, connection, welcome } = setup();
  connection.start();
  welcome();
  const [first] = WebSocket.all;
  clock.advance(24_999);
  assert.deepEqual(first.take('ping'), []);
  clock.advance(1);
  assert.equal(first.take('ping').length, 1);
  clock.advance(9_999);
  first.says({ type: 'pong' });
  assert.equal(connection.state.name, 'connected');
  clock.advance(25_000 + 10_000);
  assert.equal(connection.state.name, 'waiting');
  assert.notEqual(first.closed, null);
});

test('anything heard counts as a sign of life', () => {
  const { clock, WebSocket, connection, welcome } = setup();
  connection.start();
  welcome();
  for (let i = 0; i < 10; i += 1) {
    clock.advance(24_000);
    WebSocket.last.says({ type: 'message' });
  }
  assert.deepEqual(WebSocket.last.take('ping'), []);
});

test('an attempt that hangs is given up', () => {
  for (const opens of [false, true]) {
    const { clock, WebSocket, connection } = setup();
    connection.start();
    if (opens) WebSocket.last.opens();
    clock.advance(10_000);
    assert.equal(connection.state.name, 'waiting');
    assert.notEqual(WebSocket.last.closed, null);
  }
});

test('what a given-up socket still says is not heard', () => {
  const { clock, WebSocket, connection, frames, welcome } = setup();
  connection.start();
  const [first] = WebSocket.all;
  clock.advance(10_000);
  clock.advance(250);
  welcome();
  const heard = frames.length;
  first.says({ type: 'message' });
  first.drops();
  assert.equal(frames.length, heard);
  assert.equal(connection.state.name, 'connected');
});

test('waking up tries at once when waiting, and asks a quick question when connected', () => {
  const { clock, WebSocket, connection, welcome } = setup({ random: () => 1 });
  connection.start();
  for (let i = 0; i < 6; i += 1) { WebSocket.last.drops(); clock.advance(60_000 / 4); connection.wake(); }
  const attempts = WebSocket.all.length;
  WebSocket.last.drops();
  connection.wake();
  assert.equal(WebSocket.all.length, attempts + 1);
  welcome();
  connection.wake();
  assert.equal(WebSocket.last.take('ping').length, 1);
  clock.advance(3_999);
  assert.equal(connection.state.name, 'connected');
  clock.advance(1);
  assert.equal(connection.state.name, 'waiting');
});

test('stopped, it says goodbye and stays away until started', () => {
  const { clock, WebSocket, connection, welcome } = setup();
  connection.start();
  welcome();
  connection.stop();
  assert.equal(WebSocket.last.closed, 1000);
  connection.wake();
  clock.advance(3_600_000);
  assert.equal(WebSocket.all.length, 1);
  assert.equal(connection.state.name, 'offline');
  connection.start();
  welcome();
  assert.equal(connection.state.name, 'connected');
});

test('a frame handler that stops the connection hears no more of the same text', () => {
  const { WebSocket, connection, frames, welcome } = setup();
  connection.start();
  welcome();
  const push = frames.push.bind(frames);
  frames.push = (frame) => { push(frame); connection.stop(); };
  WebSocket.last.says({ type: 'pong' }, { type: 'pong' });
  assert.equal(frames.length, 2);
});

test('a WebSocket that cannot even be made is a failure like others', () => {
  const clock = new FakeClock();
  const connection = new Connection({
    url: 'ws://host/ws', clock, random: () => 0, hello: () => ({}), onFrame: () => {},
    WebSocket: class { constructor() { throw new Error('no'); } },
  });
  connection.start();
  assert.equal(connection.state.name, 'waiting');
});
