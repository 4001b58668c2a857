// The HTTP side: the page and what it needs, probes, rooms, and how bad requests end.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { exchange, request, statusOf } from '../support/http.mjs';
import { scene } from '../support/scene.mjs';

function isError(answer, status) {
  assert.equal(answer.status, status);
  assert.match(answer.headers['content-type'], /^application\/json/);
  const { error } = JSON.parse(answer.body);
  assert.ok(typeof error.code === 'string' && typeof error.message === 'string');
  return error;
}

// Every address that the text points to: attributes of HTML, imports of modules, url() of styles.
function references(text) {
  const patterns = [/\b(?:src|href)\s*=\s*["']([^"'#]+)["']/g, /\bfrom\s*["']([^"']+)["']/g,
    /\bimport\s*\(?\s*["']([^"']+)["']/g, /url\(\s*["']?([^"')]+)["']?\s*\)/g];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]));
}

test('where a body ends is never guessed: another transfer coding than chunked ends the connection', async (t) => {
  const s = await scene(t);
  for (const coding of ['xchunked', 'chunked, foo', 'identity', 'gzip, chunked', '', 'chunked\r\nTransfer-Encoding: chunked']) {
    const answer = await exchange(s.daemon.http, [
      `POST /api/rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: ${coding}\r\n\r\n`
      + 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    ]);
    assert.ok([400, 501].includes(statusOf(answer)), `${coding}: ${answer}`);
    assert.equal(answer.match(/HTTP\/1\.1 /g).length, 1, `${coding}: ${answer}`);
  }
  const chunked = await exchange(s.daemon.http, ['POST /api/rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
    + 'Transfer-Encoding: Chunked\r\n\r\nd\r\n{"text":"hi"}\r\n0\r\n\r\n']);
  assert.equal(statusOf(chunked), 201);
});

test('GET / is the page, under a strict Content-Security-Policy', async (t) => {
  const s = await scene(t);
  const page = await request(s.daemon.http, '/');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type'], /^text\/html; ?charset=utf-8/i);
  assert.match(page.headers['x-content-type-options'] ?? '', /nosniff/);
  const policy = page.headers['content-security-policy'] ?? '';
  assert.match(policy, /default-src '(self|none)'/);
  assert.match(policy, /frame-ancestors '(self|none)'/);
  assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|\*|https?:/);
});

test('everything the page loads comes from this server', async (t) => {
  const s = await scene(t);
  const seen = new Set(['/']);
  for (const path of seen) {
    const answer = await request(s.daemon.http, path);
    assert.equal(answer.status, 200, path);
    if (!/html|javascript|css/.test(answer.headers['content-type'])) continue;
    for (const reference of references(answer.body)) {
      if (reference.startsWith('data:')) continue;
      const url = new URL(reference, `http://here${path}`);
      assert.equal(url.origin, 'http://here', `${path} refers to ${reference}`);
      seen.add(url.pathname);
    }
  }
  assert.ok([...seen].some((path) => path.endsWith('.js') || path.endsWith('.mjs')), `modules among ${[...seen]}`);
  assert.ok([...seen].some((path) => path.endsWith('.css')), `a style among ${[...seen]}`);
});

test('healthz and readyz answer ok', async (t) => {
  const s = await scene(t);
  for (const path of ['/healthz', '/readyz']) {
    const answer = await request(s.daemon.http, path);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.trim(), 'ok');
  }
});

test('/api/rooms lists rooms with people and head', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  await s.tcp({ nick: 'bob' });
  await s.v1({ nick: 'cat', room: 'den' });
  const { seq } = await ann.publish('hi');
  const answer = await request(s.daemon.http, '/api/rooms');
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /^application\/json/);
  const { rooms } = JSON.parse(answer.body);
  assert.deepEqual(rooms.find((room) => room.room === 'lobby'), { room: 'lobby', count: 2, head: seq });
  assert.equal(rooms.find((room) => room.room === 'den').count, 1);
});

test('an unknown path is 404, a wrong method 405, both with a JSON error', async (t) => {
  const s = await scene(t);
  isError(await request(s.daemon.http, '/no/such/<b>thing'), 404);
  isError(await request(s.daemon.http, '/../../etc/passwd'), 404);
  for (const [method, path] of [['DELETE', '/'], ['POST', '/healthz'], ['PUT', '/api/rooms']]) {
    const answer = await request(s.daemon.http, path, { method });
    isError(answer, 405);
    assert.match(answer.headers.allow ?? '', /GET/, `${method} ${path} says what is allowed`);
  }
});

test('HEAD is GET without the body', async (t) => {
  const s = await scene(t);
  const get = await request(s.daemon.http, '/');
  const head = await request(s.daemon.http, '/', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.body, '');
  assert.equal(head.headers['content-length'], get.headers['content-length']);
});

test('a foreign Host gets 421 and the name of the setting; http.hosts and local names are served', async (t) => {
  const s = await scene(t, { args: ['--set', 'http.hosts=chat.example'] });
  const status = async (host, path = '/') => (await request(s.daemon.http, path, { headers: { host } })).status;
  const refused = await request(s.daemon.http, '/', { headers: { host: 'rebound.example' } });
  assert.equal(refused.status, 421);
  assert.match(refused.body, /http\.hosts/);
  assert.equal(await status('rebound.example:8080', '/api/rooms'), 421);
  for (const host of ['chat.example', 'chat.example:443', 'localhost:8080', '192.0.2.7', '[::1]', 'box', 'nas.local']) {
    assert.equal(await status(host), 200, host);
  }
});

test('one connection serves several requests', async (t) => {
  const s = await scene(t);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  s.use({ close: async () => agent.destroy() });
  assert.equal((await request(s.daemon.http, '/healthz', { agent })).reused, false);
  assert.equal((await request(s.daemon.http, '/api/rooms', { agent })).reused, true);
  assert.equal((await request(s.daemon.http, '/nothing', { agent })).status, 404);
  assert.equal((await request(s.daemon.http, '/healthz', { agent })).reused, true, 'an error does not end it');
});

test('pipelined requests are answered in order', async (t) => {
  const s = await scene(t);
  const get = (path, extra = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${extra}\r\n`;
  const answer = await exchange(s.daemon.http, [get('/healthz') + get('/nothing') + get('/readyz', 'Connection: close\r\n')]);
  assert.deepEqual([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]), ['200', '404', '200']);
});

test('what is no HTTP gets 400, too much header 431 or 400, and the connection ends', async (t) => {
  const s = await scene(t);
  assert.equal(statusOf(await exchange(s.daemon.http, ['what is this\r\n\r\n'])), 400);
  const header = `X-Large: ${'x'.repeat(1000)}\r\n`.repeat(200);
  const answer = await exchange(s.daemon.http, ['GET / HTTP/1.1\r\nHost: localhost\r\n', header, '\r\n']);
  assert.ok(answer === '' || [400, 431].includes(statusOf(answer)), answer.slice(0, 100));
  assert.equal((await request(s.daemon.http, '/healthz')).status, 200, 'the server goes on');
});

test('half a request is ended by http.header_timeout', async (t) => {
  const s = await scene(t, { args: ['--set', 'http.header_timeout=200ms'] });
  const answer = await exchange(s.daemon.http, ['GET / HTTP/1.1\r\nHost: loc']);
  assert.ok(answer === '' || statusOf(answer) === 408, answer);
  await exchange(s.daemon.http, []);  // nor may one that says nothing at all stay
});

test('a cross-origin POST is refused', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const answer = await request(s.daemon.http, '/api/rooms/lobby/messages', {
    method: 'POST', headers: { origin: 'http://evil.example', 'content-type': 'application/json' }, body: '{"text":"evil"}',
  });
  assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
  await ann.publish('=marker=');
  assert.deepEqual(ann.texts(), ['=marker=']);
});
