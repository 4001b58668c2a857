import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Link } from '../../web/client/link.js';
import { FakeClock, fakeSockets } from './fakes.mjs';

const WELCOME = { type: 'welcome', nick: 'ann', session: 's1', room: 'lobby', limits: {} };

function setup({ random = () => 0 } = {}) {
  const clock = new FakeClock();
  const WebSocket = fakeSockets();
  const frames = [];
  const states = [];
  const measured = [];
  const link = new Link({
    url: 'ws://host/ws', WebSocket, clock, random,
    hello: () => ({ type: 'hello', nick: 'ann' }),
    heard: (frame) => frames.push(frame),
    changed: (state) => states.push(state),
    measured: (ms) => measured.push(ms),
  });
  const welcome = () => { WebSocket.last.opens(); WebSocket.last.says(WELCOME); };
  const answer = () => WebSocket.last.says({ type: 'pong' });
  const timers = new Set();   // those that would keep a program alive
  const { setTimeout, clearTimeout } = clock;
  clock.setTimeout = (f, ms) => {
    const timer = setTimeout(() => { timers.delete(timer); f(); }, ms);
    timers.add(timer);
    return timer;
  };
  clock.clearTimeout = (timer) => { timers.delete(timer); clearTimeout(timer); };
  return { clock, WebSocket, frames, states, measured, link, welcome, answer, timers };
}

test('it offers the subprotocol, greets when open and is connected when welcomed', () => {
  const { WebSocket, link, states, welcome } = setup();
  link.open();
  assert.deepEqual(WebSocket.last.protocols, ['chatbridge.v1']);
  assert.deepEqual(WebSocket.last.sent, []);
  welcome();
  assert.deepEqual(WebSocket.last.sent, [{ type: 'hello', nick: 'ann' }, { type: 'ping' }]);
  assert.deepEqual(states.map((state) => state.name), ['connecting', 'connected']);
});

test('opening it while it runs opens no second socket', () => {
  const { WebSocket, link, welcome } = setup();
  link.open();
  link.open();
  welcome();
  link.open();
  assert.equal(WebSocket.all.length, 1);
});

test('a text holds several frames; blank lines, broken lines and binary are skipped', () => {
  const { WebSocket, link, frames, welcome } = setup();
  link.open();
  welcome();
  WebSocket.last.raw('{"type":"pong"}\n\nnot json\n"text"\n{"type":"left","room":"a"}\n');
  WebSocket.last.raw(new ArrayBuffer(3));
  assert.deepEqual(frames.slice(1).map((frame) => frame.type), ['pong', 'left']);
});

test('nothing is sent while not connected, and the sender is told', () => {
  const { WebSocket, link, welcome } = setup();
  assert.equal(link.send({ type: 'ping' }), false);
  link.open();
  WebSocket.last.opens();
  assert.equal(link.send({ type: 'ping' }), false);
  welcome();
  assert.equal(link.send({ type: 'ping' }), true);
});

test('it waits longer after each failure, never more than 30 s, and at least half of it', () => {
  for (const [random, factor] of [[0, 0.5], [1, 1]]) {
    const { clock, WebSocket, link } = setup({ random: () => random });
    const waits = [];
    link.open();
    for (let i = 0; i < 9; i += 1) {
      WebSocket.last.drops();
      const wait = link.state.retryAt - clock.now();
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
  const { clock, WebSocket, link, welcome } = setup({ random: () => 1 });
  const wait = () => link.state.retryAt - clock.now();
  link.open();
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
  const { clock, WebSocket, link, welcome } = setup({ random: () => 0.5 });
  link.open();
  welcome();
  WebSocket.last.says({ type: 'bye', reason: 'shutdown', retry_after_ms: 8000 });
  assert.equal(link.state.name, 'connected', 'what is still queued may follow');
  WebSocket.last.drops(1001);
  assert.deepEqual(link.state, { name: 'waiting', retryAt: clock.now() + 10_000, reason: 'shutdown' });
  clock.advance(10_000);
  assert.equal(WebSocket.all.length, 2);
  WebSocket.last.drops();
  assert.equal(link.state.reason, undefined, 'a bye counts once');
});

test('a bye without a close is taken at its word after a while', () => {
  const { clock, WebSocket, link, welcome } = setup();
  link.open();
  welcome();
  WebSocket.last.says({ type: 'bye', reason: 'shutdown', retry_after_ms: 0 });
  clock.advance(5_000);
  assert.equal(WebSocket.all.length, 2);
});

test('a link is asked every 25 s, and given up when nothing at all is heard for 10 s after it', () => {
  const { clock, WebSocket, link, welcome, answer } = setup();
  link.open();
  welcome();
  const [first] = WebSocket.all;
  answer();
  clock.advance(2_000);
  answer();
  first.take('ping');
  clock.advance(24_999);
  assert.deepEqual(first.take('ping'), []);
  clock.advance(1);
  assert.equal(first.take('ping').length, 1);
  clock.advance(9_999);
  answer();
  assert.equal(link.state.name, 'connected');
  clock.advance(15_001 + 9_999);
  assert.equal(first.closed, null);
  clock.advance(1);
  assert.equal(link.state.name, 'waiting');
  assert.notEqual(first.closed, null);
});

test('anything heard counts as an answer', () => {
  const { clock, WebSocket, link, welcome } = setup();
  link.open();
  welcome();
  for (let i = 0; i < 10; i += 1) {
    clock.advance(9_000);
    WebSocket.last.says({ type: 'message' });
  }
  assert.equal(link.state.name, 'connected');
});

test('latency is what a ping and its answer take, asked again soon after the first, and nothing without a connection', () => {
  const { clock, WebSocket, link, measured, welcome, answer } = setup();
  link.open();
  welcome();
  assert.equal(link.latency, null);
  clock.advance(40);
  answer();
  assert.equal(link.latency, 40);
  answer();
  clock.advance(2_000);
  clock.advance(10);
  answer();
  clock.advance(25_000 - 10);
  clock.advance(70);
  WebSocket.last.says({ type: 'message' });
  clock.advance(10);
  answer();
  assert.deepEqual(measured, [40, 10, 80]);
  WebSocket.last.drops();
  assert.equal(link.latency, null);
});

test('an attempt that hangs is given up', () => {
  for (const opens of [false, true]) {
    const { clock, WebSocket, link } = setup();
    link.open();
    if (opens) WebSocket.last.opens();
    clock.advance(10_000);
    assert.equal(link.state.name, 'waiting');
    assert.notEqual(WebSocket.last.closed, null);
  }
});

test('what a given-up socket still says is not heard', () => {
  const { clock, WebSocket, link, frames, welcome } = setup();
  link.open();
  const [first] = WebSocket.all;
  clock.advance(10_000);
  clock.advance(250);
  welcome();
  const heard = frames.length;
  first.says({ type: 'message' });
  first.drops();
  assert.equal(frames.length, heard);
  assert.equal(link.state.name, 'connected');
});

test('waking up tries at once when waiting, and asks a quick question when connected', () => {
  const { clock, WebSocket, link, welcome, answer } = setup({ random: () => 1 });
  link.open();
  for (let i = 0; i < 6; i += 1) { WebSocket.last.drops(); clock.advance(60_000 / 4); link.wake(); }
  const attempts = WebSocket.all.length;
  WebSocket.last.drops();
  link.wake();
  assert.equal(WebSocket.all.length, attempts + 1);
  welcome();
  answer();
  WebSocket.last.take('ping');
  link.wake();
  assert.equal(WebSocket.last.take('ping').length, 1);
  clock.advance(3_999);
  assert.equal(link.state.name, 'connected');
  clock.advance(1);
  assert.equal(link.state.name, 'waiting');
});

test('waking up does not wait for an attempt that hangs, and leaves a young one alone', () => {
  const { clock, WebSocket, link } = setup();
  link.open();
  clock.advance(3_999);
  link.wake();
  assert.equal(WebSocket.all.length, 1);
  clock.advance(1);
  link.wake();
  assert.equal(WebSocket.all.length, 2);
  assert.notEqual(WebSocket.all[0].closed, null);
});

test('a machine that slept is noticed by its clock: waiting or connected, it is as if woken', () => {
  const { clock, WebSocket, link, welcome, answer } = setup({ random: () => 1 });
  link.open();
  for (let i = 0; i < 6; i += 1) { WebSocket.last.drops(); clock.advance(link.state.retryAt - clock.now()); }
  WebSocket.last.drops();
  assert.ok(link.state.retryAt - clock.now() > 20_000);
  const attempts = WebSocket.all.length;
  clock.sleep(3_600_000);
  clock.advance(5_000);
  assert.equal(WebSocket.all.length, attempts + 1);
  welcome();
  answer();
  WebSocket.last.take('ping');
  clock.sleep(3_600_000);
  clock.advance(5_000);
  assert.equal(WebSocket.last.take('ping').length, 1);
  clock.advance(4_000);
  assert.notEqual(link.state.name, 'connected', 'the link did not survive it');
});

test('anew with another greeting: the old socket is closed with a goodbye, the next one opened at once', () => {
  const { WebSocket, link, welcome } = setup();
  link.open();
  welcome();
  link.again();
  assert.deepEqual([WebSocket.all.length, WebSocket.all[0].closed], [2, 1000]);
  welcome();
  assert.equal(link.state.name, 'connected');
});

test('closed, it says goodbye and stays away until opened', () => {
  const { clock, WebSocket, link, welcome } = setup();
  link.open();
  welcome();
  link.close();
  assert.equal(WebSocket.last.closed, 1000);
  link.wake();
  clock.advance(3_600_000);
  assert.equal(WebSocket.all.length, 1);
  assert.equal(link.state.name, 'offline');
  link.open();
  welcome();
  assert.equal(link.state.name, 'connected');
});

test('a frame handler that closes the link hears no more of the same text', () => {
  const { WebSocket, link, frames, welcome } = setup();
  link.open();
  welcome();
  const push = frames.push.bind(frames);
  frames.push = (frame) => { push(frame); link.close(); };
  WebSocket.last.says({ type: 'pong' }, { type: 'pong' });
  assert.equal(frames.length, 2);
});

test('a WebSocket that cannot even be made is a failure like others', () => {
  const clock = new FakeClock();
  const link = new Link({
    url: 'ws://host/ws', clock, random: () => 0, hello: () => ({}), heard: () => {}, changed: () => {},
    WebSocket: class { constructor() { throw new Error('no'); } },
  });
  link.open();
  assert.equal(link.state.name, 'waiting');
});

function closesIn(name, { link, states }) {
  const push = states.push.bind(states);
  states.push = (state) => { push(state); if (state.name === name) link.close(); };
}

test('closed by who is told of its state, it stays closed and leaves nothing that waits', () => {
  for (const name of ['connecting', 'connected', 'waiting']) {
    const s = setup();
    closesIn(name, s);
    s.link.open();
    if (name !== 'connecting') s.welcome();
    if (name === 'waiting') s.WebSocket.last.drops();
    assert.deepEqual([s.link.state.name, s.WebSocket.all.length, s.timers.size], ['offline', name === 'connecting' ? 0 : 1, 0], name);
  }
});

test('closed by who is told that it tries again after the machine slept, it stays closed as well', () => {
  const s = setup({ random: () => 1 });
  s.link.open();
  for (let i = 0; i < 6; i += 1) { s.WebSocket.last.drops(); s.clock.advance(s.link.state.retryAt - s.clock.now()); }
  s.WebSocket.last.drops();
  closesIn('connecting', s);
  s.clock.sleep(3_600_000);
  s.clock.advance(5_000);
  assert.deepEqual([s.link.state.name, s.timers.size], ['offline', 0]);
});
