// The page's files over the wire, asked for by curl and by bytes: compressed forms, what a client has already, connections that stay.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { exchange, statusOf } from '../support/http.mjs';
import { scene } from '../support/scene.mjs';

const run = promisify(execFile);
const FILES = { '/': 'index.html', '/favicon.svg': 'favicon.svg' };
const original = async (path) => readFile(new URL(`../../web/${FILES[path]}`, import.meta.url));

// What curl gets: {status, headers, body}, the body as it came unless it is told otherwise.
async function curl(port, path, ...options) {
  const { stdout } = await run('curl', ['-sS', '--max-time', '10', '-i', ...options, `http://127.0.0.1:${port}${path}`], { encoding: 'buffer' });
  const end = stdout.indexOf('\r\n\r\n');
  const [first, ...lines] = stdout.subarray(0, end).toString().split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => /^([^:]+): (.*)$/.exec(line).slice(1)).map(([name, value]) => [name.toLowerCase(), value]));
  return { status: Number(first.split(' ')[1]), headers, body: stdout.subarray(end + 4) };
}

test('curl --compressed gets every file as it was written', async (t) => {
  const s = await scene(t);
  for (const path of Object.keys(FILES)) {
    const answer = await curl(s.daemon.http, path, '--compressed');
    assert.equal(answer.status, 200);
    assert.ok(['br', 'gzip'].includes(answer.headers['content-encoding']), path);
    assert.equal(answer.headers.vary, 'Accept-Encoding');
    assert.ok(answer.body.equals(await original(path)), path);
  }
});

test('each form is what its name says, as long as it says, and has an ETag of its own', async (t) => {
  const s = await scene(t);
  const unpack = { br: brotliDecompressSync, gzip: gunzipSync, identity: (body) => body };
  for (const path of [...Object.keys(FILES), '/style.css', '/js/app.js', '/client.js']) {
    const etags = new Set();
    const { body: whole } = await curl(s.daemon.http, path);
    for (const [coding, plain] of Object.entries(unpack)) {
      const { headers, body } = await curl(s.daemon.http, path, '-H', `Accept-Encoding: ${coding}`);
      assert.equal(headers['content-encoding'], coding === 'identity' ? undefined : coding);
      assert.equal(Number(headers['content-length']), body.length);
      assert.ok(plain(body).equals(whole), `${path} ${coding}`);
      etags.add(headers.etag);
    }
    assert.equal(etags.size, 3);
    assert.equal((await curl(s.daemon.http, path)).headers['content-encoding'], undefined, 'who asks for nothing gets it plain');
  }
});

test('the modules of the page are one file, and none of them is there by itself', async (t) => {
  const s = await scene(t);
  const text = (await curl(s.daemon.http, '/js/app.js')).body.toString();
  const imported = [...text.matchAll(/\bimport\{[^}]*\}from"([^"]+)"/g)].map((match) => match[1]);
  assert.deepEqual([...new Set(imported)].sort(), ['../client.js', './theme.js'], 'what others take along, and what runs first');
  assert.ok(!text.includes('chatbridge.theme'), 'no second theme');
  assert.equal((await curl(s.daemon.http, '/js/store.js')).status, 404);
});

test('scripts and style come without what only their readers need; who takes client.js along reads where its words are', async (t) => {
  const s = await scene(t);
  for (const path of ['/js/app.js', '/js/theme.js', '/client.js', '/style.css']) {
    const source = await readFile(new URL(`../../web${path}`, import.meta.url), 'utf8');
    const comments = [...source.matchAll(/^\s*(?:\/\/|\/\*)(?!!)\s*(.{10,}?)(?:\s*\*\/)?$/gm)].map((match) => match[1]);
    const text = (await curl(s.daemon.http, path)).body.toString();
    assert.ok(comments.length > 0, path);
    assert.deepEqual(comments.filter((comment) => text.includes(comment)), [], path);
    assert.equal(text.includes('docs/CLIENT.md'), path === '/client.js', path);
  }
});

test('the same build gives the same bytes: no time and no name is in a compressed file', async (t) => {
  const s = await scene(t);
  const { body } = await curl(s.daemon.http, '/', '-H', 'Accept-Encoding: gzip');
  const [flags, ...time] = body.subarray(3, 8);  // RFC 1952 section 2.3
  assert.deepEqual([flags, time], [0, [0, 0, 0, 0]]);
});

test('what was kept is not sent again: curl --etag-compare', async (t) => {
  const s = await scene(t);
  const folder = await mkdtemp(join(tmpdir(), 'etag-'));
  t.after(() => rm(folder, { recursive: true }));
  const kept = join(folder, 'etag');
  for (const path of Object.keys(FILES)) {
    const first = await curl(s.daemon.http, path, '--compressed', '--etag-save', kept);
    const again = await curl(s.daemon.http, path, '--compressed', '--etag-compare', kept);
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
    assert.equal(again.headers['content-length'], undefined);
    for (const name of ['etag', 'vary', 'cache-control']) assert.equal(again.headers[name], first.headers[name]);
    assert.ok(Math.abs(Date.parse(again.headers.date) - Date.now()) < 60_000);
    assert.equal((await curl(s.daemon.http, path, '--etag-compare', kept)).status, 200, 'another form is not what was kept');
  }
});

test('HEAD says what GET would send, a range is answered with the whole', async (t) => {
  const s = await scene(t);
  const whole = await curl(s.daemon.http, '/', '--compressed');
  const head = await curl(s.daemon.http, '/', '--compressed', '--head');
  assert.equal(head.body.length, 0);
  for (const name of ['content-length', 'content-encoding', 'content-type', 'etag', 'vary', 'cache-control', 'content-security-policy']) {
    assert.equal(head.headers[name], whole.headers[name], name);
  }
  const range = await curl(s.daemon.http, '/', '--range', '0-9');
  assert.equal(range.status, 200);
  assert.ok(range.body.equals(await original('/')));
});

test('who rules out every form is told 406', async (t) => {
  const s = await scene(t);
  const answer = await curl(s.daemon.http, '/', '-H', 'Accept-Encoding: identity;q=0, br;q=0');
  assert.deepEqual([answer.status, answer.headers['content-encoding']], [406, undefined]);
  assert.match(answer.body.toString(), /Accept-Encoding/);
  assert.equal((await curl(s.daemon.http, '/', '-H', 'Accept-Encoding: *;q=0')).status, 406);
});

test('many files over one connection, asked for at once, come in order and whole', async (t) => {
  const s = await scene(t);
  const paths = [...Object.keys(FILES), '/nothing', ...Object.keys(FILES)];
  const asked = paths.map((path, i) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${i === paths.length - 1 ? 'Connection: close\r\n' : ''}\r\n`).join('');
  for (const port of [s.daemon.http, s.daemon.tcp]) {
    let rest = Buffer.from(await exchange(port, [asked]));
    for (const path of paths) {
      const end = rest.indexOf('\r\n\r\n') + 4;
      const head = rest.subarray(0, end).toString();
      const length = Number(/content-length: (\d+)/i.exec(head)[1]);
      assert.equal(statusOf(head), path === '/nothing' ? 404 : 200);
      if (path !== '/nothing') assert.ok(rest.subarray(end, end + length).equals(await original(path)), path);
      rest = rest.subarray(end + length);
    }
    assert.equal(rest.length, 0);
  }
});
