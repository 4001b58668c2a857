import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPerson } from '../../web/js/names.js';
import * as texts from '../../web/js/texts.js';

test('names of raw clients are nobody to write to alone', () => {
  for (const name of ['tcp-7', 'udp-3', 'WS-1', '127.0.0.1:4711', '[::1]:9']) assert.equal(isPerson(name), false, name);
  for (const name of ['ann', 'guest-7', 'tcp', 'tcp-x', 'my-tcp-7']) assert.equal(isPerson(name), true, name);
});

test('the limit of changes of a nick is told in the words of the server, the flood in ours', () => {
  const frame = { code: 'rate_limited', message: 'a nick can be changed 10 times a minute' };
  assert.equal(texts.error(frame, { nick: 'ann', wanted: 'zoe', renaming: true }), 'A nick can be changed 10 times a minute. You are ann.');
  assert.match(texts.error(frame, { nick: 'ann', wanted: '' }), /faster/);
});

test('the state of the connection in words, and how far away the server is', () => {
  const status = (state, more) => texts.status(state, { now: 1_000, online: true, ...more }).join('');
  assert.equal(status({ name: 'connected' }, { latency: 12 }), 'connected · 12 ms');
  assert.equal(status({ name: 'connected' }), 'connected');
  assert.equal(status({ name: 'waiting', retryAt: 3_400 }), 'reconnecting in 3 s');
  assert.equal(status({ name: 'waiting', retryAt: 3_400 }, { online: false }), 'offline, no network');
  assert.equal(status({ name: 'offline' }), 'offline');
});
