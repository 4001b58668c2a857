// HTTP spoken to the raw TCP port: it may be answered or cut off, but nothing of it reaches the chat. Otherwise any web
// page could make its visitors' browsers talk in rooms that only their machines reach.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { exchange, statusOf } from '../support/http.mjs';
import { scene } from '../support/scene.mjs';
import { defer, within } from '../support/wait.mjs';

// Cutting into bytes must not let the rule on unterminated input decide.
const PATIENT = ['--set', 'tcp.unterminated=1h', '--threads', '1'];
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
const FORM = '/nick evil\r\nevil text\r\n';
const POST = `POST /room HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nConnection: close\r\n`
  + `Content-Length: ${FORM.length}\r\n\r\n${FORM}`;

async function room(t, args = PATIENT) {
  const s = await scene(t, { args });
  return { s, v1: await s.v1({ nick: 'v1' }), tcp: await s.tcp({ nick: 'tcp_listener' }) };
}

// Fails if anything but the marker was said, or if anybody took a name.
async function nothingWasSaid({ v1, tcp }) {
  await v1.publish('=marker=');
  await tcp.hears('=marker=');
  assert.deepEqual(v1.texts(), ['=marker=']);
  assert.deepEqual(tcp.texts(), ['=marker=']);
  for (const line of tcp.lines) assert.doesNotMatch(line, /evil/);
}

test('GET / on the raw port gets the page', async (t) => {
  const r = await room(t);
  const answer = await exchange(r.s.daemon.tcp, [GET]);
  assert.equal(statusOf(answer), 200);
  assert.match(answer, /content-type: text\/html/i);
  assert.match(answer, /<html/i);
  assert.doesNotMatch(answer, /\*\*\* you are/);
  await nothingWasSaid(r);
});

test('GET / cut into single bytes is not chat', async (t) => {
  const r = await room(t);
  const raw = await r.s.tcpSocket().open();
  for (const byte of Buffer.from(GET)) {
    await raw.write(Buffer.of(byte));
    await r.v1.roundTrip();
  }
  await raw.whenClosed('an answer or a cut');
  await nothingWasSaid(r);
});

test('a request line after the greeting closes the connection', async (t) => {
  for (const pieces of [[GET], ['GE', 'T / HT', 'TP/1.1\r\n', 'Host: a\r\n\r\n'], [POST]]) {
    const r = await room(t);
    const raw = await r.s.tcp();
    for (const piece of pieces) {
      await raw.write(piece);
      await r.v1.roundTrip();
    }
    await raw.whenClosed();
    assert.doesNotMatch(raw.lines.join('\n'), /HTTP\/1/, 'no answer in the middle of a conversation');
    await nothingWasSaid(r);
  }
});

test('the body of a POST is not chat, whole, in bytes, or large', async (t) => {
  const r = await room(t);
  await exchange(r.s.daemon.tcp, [POST]);
  await exchange(r.s.daemon.tcp, [...Buffer.from(POST)].map((byte) => Buffer.of(byte)));
  const large = 'evil line\r\n'.repeat(2000);
  await exchange(r.s.daemon.tcp, [
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${large.length}\r\n\r\n`, large, large]);
  await nothingWasSaid(r);
});

test('unusual methods, versions and header-less requests are not chat either', async (t) => {
  const r = await room(t);
  for (const line of ['OPTIONS / HTTP/1.1', 'PROPFIND /evil HTTP/1.1', 'GET /evil HTTP/1.0', 'PUT /evil HTTP/1.1']) {
    await exchange(r.s.daemon.tcp, [`${line}\r\nConnection: close\r\n\r\nevil text\r\n`]);
  }
  await nothingWasSaid(r);
});

test('a request without its line end is held, whatever the rule on unterminated input says', async (t) => {
  const r = await room(t, ['--set', 'tcp.unterminated=20ms']);
  const raw = await r.s.tcpSocket().open();
  await raw.write('POST /evil HT');
  await r.s.unterminatedRulePasses(r.v1, '=one later=');
  await r.s.unterminatedRulePasses(r.v1, '=two later=');
  await raw.write('TP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nevil\r\n');
  await raw.close();
  await r.v1.publish('=marker=');
  assert.deepEqual(r.v1.texts(), ['=one later=', '=two later=', '=marker=']);
});

test('text that only begins like a request is chat', async (t) => {
  const r = await room(t);
  const raw = await r.s.tcpSocket().open();
  await raw.write('HELLO /world\n');
  await r.v1.hears('HELLO /world');
  await raw.greeted();
  await raw.say('GET /some rest');
  await r.v1.hears('GET /some rest');
  await raw.say('and on');
  await r.v1.hears('and on');
  assert.deepEqual(r.v1.texts(), ['HELLO /world', 'GET /some rest', 'and on']);
});

// A page of another site that attacks the raw port in the ways a browser allows.
const attackPage = (port) => `<!doctype html><title>other site</title>
<form id="form" method="post" enctype="text/plain" action="http://127.0.0.1:${port}/">
<textarea name="x">y
/nick evil
evil form text
</textarea></form>
<script>
async function attack() {
  const target = 'http://127.0.0.1:${port}/';
  const tries = [
    fetch(target, { method: 'POST', mode: 'no-cors', body: '\\n/nick evil\\nevil fetch text\\n' }),
    fetch(target, { method: 'POST', mode: 'no-cors', body: 'evil line\\n'.repeat(1000) }),
    fetch(target + '%0Aevil path', { mode: 'no-cors' }),
  ];
  return (await Promise.allSettled(tries)).map((each) => each.status);
}
</script>`;

test('a foreign page in Chromium that posts forms and fetches to the raw port says nothing in the chat', async (t) => {
  const r = await room(t, []);
  const site = http.createServer((_, res) => res.setHeader('content-type', 'text/html').end(attackPage(r.s.daemon.tcp)));
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  r.s.use({ close: async () => { site.closeAllConnections(); site.close(); } });
  const browser = await r.s.browser();
  const page = await browser.newPage();
  await page.goto(`http://localhost:${site.address().port}/`);

  const outcomes = await page.evaluate('attack()');
  t.diagnostic(`fetches: ${outcomes}`);
  assert.equal(outcomes.length, 3);

  // The form's post ends in a page or in an error page; either way the bytes were sent.
  const over = defer();
  page.on('requestfailed', over.resolve);
  page.on('requestfinished', over.resolve);
  await page.evaluate('document.getElementById("form").submit()');
  await within(over.promise, () => 'the posted form comes to its end');
  await nothingWasSaid(r);
});
