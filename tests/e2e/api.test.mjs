// The rooms by HTTP: history, saying something, hearing it as Server-Sent Events; with curl, fetch and by hand.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import test from 'node:test';
import { promisify } from 'node:util';
import { EventsClient } from '../support/events_client.mjs';
import { exchange, request, statusOf } from '../support/http.mjs';
import { scene } from '../support/scene.mjs';
import { Program } from '../support/program.mjs';
import { SLOW, within } from '../support/wait.mjs';

const curl = async (...args) => (await promisify(execFile)('curl', ['-sS', '-m', '10', ...args])).stdout;
const rooms = (s) => `http://127.0.0.1:${s.daemon.http}/api/rooms`;
const messagesOf = (room = 'lobby') => `/api/rooms/${room}/messages`;
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

async function post(s, body, { room, port = s.daemon.http, headers = {}, agent } = {}) {
  const answer = await request(port, messagesOf(room), {
    method: 'POST', headers, agent, body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { ...answer, json: JSON.parse(answer.body) };
}

async function history(s, query = '', room = 'lobby') {
  const answer = await request(s.daemon.http, messagesOf(room) + query);
  assert.equal(answer.status, 200, answer.body);
  return JSON.parse(answer.body);
}

const events = (s, options = {}) => s.use(new EventsClient(options.port ?? s.daemon.http, options)).open();

function isError(answer, status, code) {
  assert.equal(answer.status, status, answer.body);
  assert.equal(JSON.parse(answer.body).error.code, code);
}

// ---- with other people's clients

test('curl alone says something, reads it and hears it', async (t) => {
  const s = await scene(t);
  const listener = s.use(new Program('curl', ['curl', '-sSN', `${rooms(s)}/lobby/events`]));
  await listener.next(/^id: /, 'where it stands');
  assert.match(await curl('-d', '{"text":"hi"}', `${rooms(s)}/lobby/messages`), /^\{"seq":1\}$/m);
  assert.match(await curl('-d', '{"text":"built","nick":"ci","id":"k1"}', `${rooms(s)}/lobby/messages`), /"seq":2/);
  const { messages, more } = JSON.parse(await curl(`${rooms(s)}/lobby/messages?limit=10`));
  assert.deepEqual(messages.map((m) => [m.nick, m.via, m.text, m.id]),
    [['http', 'http', 'hi', undefined], ['ci', 'http', 'built', 'k1']]);
  assert.equal(more, false);
  assert.deepEqual(JSON.parse((await listener.next(/^data: /)).slice(6)), messages[0]);
  assert.deepEqual(JSON.parse((await listener.next(/^data: /)).slice(6)), messages[1]);
});

test('fetch posts JSON and reads the stream', async (t) => {
  const s = await scene(t);
  const stop = new AbortController();
  s.use({ close: async () => stop.abort() });
  const stream = await fetch(`${rooms(s)}/lobby/events`, { signal: stop.signal });
  assert.equal(stream.headers.get('content-type'), 'text/event-stream');
  assert.equal(stream.headers.get('cache-control'), 'no-store');
  assert.equal(stream.headers.get('x-accel-buffering'), 'no');
  const answer = await fetch(`${rooms(s)}/lobby/messages`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: 'grüße 🚀' }),
  });
  assert.equal(answer.status, 201);
  let heard = '';
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  while (!heard.includes('🚀')) heard += (await within(reader.read(), () => `the message; so far ${heard}`)).value;
});

test('a POSTed message reaches every transport once, in the one order', async (t) => {
  const s = await scene(t);
  const clients = [await s.tcp({ nick: 'tcp1' }), await s.v1({ nick: 'v1' }), await s.udp({ nick: 'udp1' }),
    await s.wsText({ nick: 'text1' }), await events(s)];
  const [tcp, v1] = clients;
  for (let n = 1; n <= 20; n++) {
    assert.equal((await post(s, { text: `=p${n}=`, nick: 'ci', id: `k${n}` })).status, 201);
    await tcp.say(`=t${n}=`);
    await v1.hears(`=t${n}=`);
  }
  await post(s, { text: '=end=' });
  for (const client of clients) {
    await client.hears('=end=');
    for (let n = 1; n <= 20; n++) assert.equal(client.count(`=p${n}=`), 1, `${client.kind} =p${n}=`);
  }
  assert.ok(tcp.lines.includes('ci: =p1='));
  assert.deepEqual(clients[4].texts(), v1.texts());
  assert.equal(v1.messages()[0].via, 'http');
});

test('the raw port answers the same', async (t) => {
  const s = await scene(t);
  const tcp = await s.tcp({ nick: 'ann' });
  const listener = await events(s, { port: s.daemon.tcp });
  assert.equal((await post(s, { text: '=raw=', nick: 'ci' }, { port: s.daemon.tcp })).status, 201);
  await tcp.hears('=raw=');
  await listener.hears('=raw=');
  isError(await post(s, { text: '=evil=' }, {
    port: s.daemon.tcp, headers: { origin: 'http://evil.example', 'content-type': 'text/plain' } }), 403, 'forbidden');
  const read = await request(s.daemon.tcp, messagesOf());
  assert.deepEqual(JSON.parse(read.body).messages.map((m) => m.text), ['=raw=']);
});

// ---- saying

test('a repeated id has the first seq, however many come at once', async (t) => {
  const s = await scene(t);
  const tcp = await s.tcp({ nick: 'ann' });
  const answers = await Promise.all(range(1, 30).map((n) => post(s, { text: `=try ${n}=`, nick: 'ci', id: 'k' })));
  assert.deepEqual(answers.map((a) => a.status).sort(), [...Array(29).fill(200), 201]);
  assert.equal(new Set(answers.map((a) => a.json.seq)).size, 1);
  assert.equal((await post(s, { text: '=again=', nick: 'ci', id: 'k' })).status, 200);
  await post(s, { text: '=end=' });
  await tcp.hears('=end=');
  assert.equal(tcp.texts().length, 2);
});

test('a nick in use is 409, also while its session may come back', async (t) => {
  const s = await scene(t, { args: ['--set', 'session.grace=1h'] });
  await s.tcp({ nick: 'Ann' });
  isError(await post(s, { text: 'x', nick: 'ann' }), 409, 'nick_taken');
  const bob = await s.v1({ nick: 'bob' });
  await bob.close();
  isError(await post(s, { text: 'x', nick: 'bob' }), 409, 'nick_taken');
  assert.equal((await post(s, { text: 'x', nick: 'cat' })).status, 201);
});

test('answers on one connection come in order, those that wait for the journal too', async (t) => {
  const s = await scene(t);
  const say = (n) => {
    const body = JSON.stringify({ text: `=${n}=` });
    return `POST ${messagesOf()} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const get = (path, extra = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${extra}\r\n`;
  const answer = await exchange(s.daemon.http, [say(1) + get(messagesOf()) + say(2) + get('/healthz')
    + get(`${messagesOf()}?after=1`, 'Connection: close\r\n')]);
  assert.deepEqual([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((m) => m[1]), ['201', '200', '201', '200', '200']);
  assert.match(answer, /"seq":1\}[^]*=1=[^]*"seq":2\}[^]*ok[^]*"seq":2,[^]*=2=/);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  s.use({ close: async () => agent.destroy() });
  await post(s, { text: 'x' }, { agent });
  assert.equal((await post(s, { text: 'y' }, { agent })).reused, true);
});

test('a POST faster than limits.rate on one connection is read more slowly, none is lost', async (t) => {
  const s = await scene(t, { args: ['--set', 'limits.rate=50', '--set', 'limits.burst=5'] });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  s.use({ close: async () => agent.destroy() });
  const start = Date.now();
  for (let n = 1; n <= 25; n++) assert.equal((await post(s, { text: String(n) }, { agent })).status, 201);
  assert.ok(Date.now() - start >= 350, `25 of 50 a second, 5 at once, took ${Date.now() - start} ms`);
});

test('hostile requests get their error, nothing is said, the server goes on', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  for (const body of ['', '{', '[]', 'null', '"x"', '{"text":7}', '{"text":""}', '{"text":"x"}{"text":"y"}', '{"text":"x","id":5}',
    `${'['.repeat(30000)}`, `{"text":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`, 'text=hi&nick=x', '{"text":"\\ud800"}',
    '{"text":"/login secret"}', '{"text":"x","nick":{}}']) {
    const answer = await post(s, body);
    assert.equal(answer.status, 400, `${body.slice(0, 40)}: ${answer.body}`);
  }
  isError(await post(s, Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1')), 400, 'bad_request');
  isError(await post(s, { text: 'x'.repeat(4097) }), 413, 'too_long');
  isError(await post(s, { text: 'x', nick: 'a\u202eb' }), 400, 'bad_nick');
  isError(await post(s, { text: 'x', nick: 'x'.repeat(33) }), 400, 'bad_nick');
  isError(await post(s, { text: 'x', nick: 'guest-1' }), 400, 'bad_nick');
  isError(await post(s, { text: 'x' }, { room: 'UPPER' }), 400, 'bad_room');
  isError(await post(s, { text: 'x' }, { room: '..%2f..' }), 400, 'bad_room');
  isError(await post(s, { text: 'x' }, { headers: { host: 'rebound.example' } }), 421, 'forbidden');
  isError(await post(s, { text: 'x' }, { headers: { origin: 'http://evil.example' } }), 403, 'forbidden');
  isError(await post(s, { text: 'x' }, { headers: { origin: `http://127.0.0.1:${s.daemon.http}` } }), 415, 'bad_request');
  const large = await exchange(s.daemon.http, [
    `POST ${messagesOf()} HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n`, 'x'.repeat(70000)]);
  assert.equal(statusOf(large), 413);
  for (const query of ['after=-1', 'after=1e3', 'limit=x', 'after=%', `after=${'9'.repeat(5000)}x`]) {
    isError(await request(s.daemon.http, `${messagesOf()}?${query}`), 400, 'bad_request');
  }
  for (const path of ['/api/rooms/lobby', '/api/rooms/lobby/', '/api/rooms/lobby/messages/1', '/api/rooms//x/messages']) {
    isError(await request(s.daemon.http, path), 404, 'not_found');
  }
  const put = await request(s.daemon.http, messagesOf(), { method: 'PUT' });
  isError(put, 405, 'bad_request');
  assert.equal(put.headers.allow, 'GET, HEAD, POST');
  // Chunked and in bytes, and a control character that only terminals mind.
  const red = '{"text":"a\\u001b[31m red"}';
  const chunked = `${red.length.toString(16)}\r\n${red}\r\n0\r\n\r\n`;
  const whole = `POST ${messagesOf()} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`;
  assert.equal(statusOf(await exchange(s.daemon.http, [...Buffer.from(whole)].map((byte) => Buffer.of(byte)))), 201);
  await ann.publish('=marker=');
  assert.deepEqual(ann.texts(), ['a\ufffd[31m red', '=marker=']);
  assert.doesNotMatch(s.daemon.log(), /secret|red/);
});

// ---- history

test('history goes forward page by page to the end, everything once, while others talk', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const talking = (async () => { for (let n = 1; n <= 400; n++) await ann.publish(`${n} ${'x'.repeat(1000)}`); })();
  const got = [];
  let page;
  do {
    page = await history(s, `?after=${got.at(-1)?.seq ?? 0}&epoch=${page?.epoch ?? ''}&limit=37`.replace('&epoch=&', '&'));
    got.push(...page.messages);
  } while (page.more || got.length < 400);
  await talking;
  assert.deepEqual(got.map((m) => m.text), ann.texts());
  assert.deepEqual((await history(s)).messages, got.slice(-50));
  const most = await history(s, '?limit=5000');
  assert.deepEqual(most.messages, got.slice(-most.messages.length));
  assert.ok(most.messages.length > 200 && most.more, 'an answer is bounded, and says so');
});

test('history of what is no longer kept has its gap; of a room that is not there it is empty and makes none', async (t) => {
  const s = await scene(t, { args: ['--set', 'room.window_bytes=64KiB'] });
  const ann = await s.v1({ nick: 'ann' });
  for (let n = 1; n <= 60; n++) await ann.publish(`${n} ${'x'.repeat(4000)}`);
  const h = await history(s, '?after=2&limit=1000');
  assert.equal(h.gap.from, 3);
  assert.equal(h.messages[0].seq, h.gap.to + 1);
  assert.equal(h.messages.at(-1).seq, 60);
  assert.deepEqual((await history(s, '?after=5&epoch=elsewhere&limit=2')).messages.map((m) => m.seq), [59, 60]);
  assert.deepEqual((await history(s, '?after=0', 'den')).messages, []);
  const list = JSON.parse((await request(s.daemon.http, '/api/rooms')).body);
  assert.deepEqual(list.rooms.map((room) => room.room), ['lobby']);
});

test('a large answer arrives whole over a slow line', async (t) => {
  const s = await scene(t, { args: ['--set', 'room.window_bytes=8MiB', '--set', 'http.header_timeout=200ms'] });
  const ann = await s.v1({ nick: 'ann' });
  for (let n = 1; n <= 300; n++) await ann.publish(`${n} ${'x'.repeat(4000)}`);
  const answer = await new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port: s.daemon.http, path: `${messagesOf()}?limit=1000` }, async (res) => {
      const chunks = [];
      for await (const chunk of res) {
        chunks.push(chunk);
        await new Promise((go) => setTimeout(go, 20));  // the line is slow, not the test
      }
      resolve({ body: Buffer.concat(chunks).toString(), length: Number(res.headers['content-length']) });
    }).on('error', reject);
  });
  assert.equal(Buffer.byteLength(answer.body), answer.length);
  assert.ok(answer.length > 250e3 && answer.length < 300e3, String(answer.length));
  assert.equal(JSON.parse(answer.body).more, true);
});

// ---- events

test('events across reconnects: every message once, in order, whatever was said meanwhile', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  let over = false;
  const talking = (async () => { for (let n = 1; n <= 600; n++) await ann.publish(`=${n}=`); over = true; })();
  const seqs = [];
  let lastId;
  let connections = 0;
  while (!over || seqs.at(-1) !== 600) {
    const listener = await events(s, { lastId });
    connections += 1;
    const wanted = seqs.length === 0 && over ? 0 : 1 + (connections * 7) % 40;
    await listener.until((items) => items.length >= Math.min(wanted, 600 - (seqs.at(-1) ?? 0)), 'some messages');
    await listener.close();
    seqs.push(...listener.seqs());
    lastId = listener.lastId;
    assert.deepEqual(listener.gaps(), []);
  }
  await talking;
  t.diagnostic(`${connections} connections`);
  assert.ok(connections > 5);
  assert.deepEqual(seqs, range(seqs[0], 600));
});

test('a listener that has heard nothing yet misses nothing either when it comes back', async (t) => {
  const s = await scene(t);
  await post(s, { text: '=before=' });
  const first = await events(s);
  await first.until(() => first.lastId, 'where it stands');
  assert.equal(first.retry, 1000);
  await first.close();
  await post(s, { text: '=between=' });
  const second = await events(s, { lastId: first.lastId });
  await second.hears('=between=');
  await post(s, { text: '=live=' });
  await second.hears('=live=');
  assert.deepEqual(second.texts(), ['=between=', '=live=']);
});

test('an id of another epoch, or no id of ours, gives the last 50; without one it is live only', async (t) => {
  const s = await scene(t);
  for (let n = 1; n <= 60; n++) await post(s, { text: String(n) });
  const { epoch } = await history(s, '?limit=1');
  for (const lastId of ['elsewhere-3', `${epoch}-99`, 'nonsense', `${epoch}-x`]) {
    const listener = await events(s, { lastId });
    await listener.until((items) => items.length >= 50, 'the last 50');
    assert.deepEqual(listener.seqs(), range(11, 60), lastId);
  }
  const live = await events(s);
  await post(s, { text: '=live=' });
  await live.hears('=live=');
  assert.deepEqual(live.seqs(), [61]);
});

test('an id older than what is kept: a gap is told, then all that is kept, and not again', async (t) => {
  const s = await scene(t, { args: ['--set', 'room.window_bytes=64KiB'] });
  const first = await events(s);
  await first.until(() => first.lastId, 'where it stands');
  await first.close();
  const ann = await s.v1({ nick: 'ann' });
  for (let n = 1; n <= 60; n++) await ann.publish(`${n} ${'x'.repeat(4000)}`);
  const listener = await events(s, { lastId: first.lastId });
  await listener.hears('60 x');
  const [gap, ...others] = listener.gaps();
  assert.deepEqual(others, []);
  assert.deepEqual(gap, { type: 'gap', room: 'lobby', from: 1, to: gap.to });
  assert.deepEqual(listener.seqs(), range(gap.to + 1, 60));
  assert.equal(listener.inbox.items[0].data, gap);
  assert.equal(listener.inbox.items[0].id, listener.lastId.replace(/-60$/, `-${gap.to}`));
  const again = await events(s, { lastId: listener.inbox.items[0].id });
  await again.hears('60 x');
  assert.deepEqual(again.gaps(), []);
});

test('a listener is nobody: not counted, not told of, told of nothing but messages', async (t) => {
  const s = await scene(t);
  const tcp = await s.tcp({ nick: 'ann' });
  const listener = await events(s);
  await events(s, { room: 'den' });
  const bob = await s.v1({ nick: 'bob' });
  await bob.send({ type: 'typing', room: 'lobby' });
  await bob.ask({ type: 'nick', nick: 'bobby' }, 'nick');
  await bob.leave();
  await tcp.next(/left/);
  await tcp.say('=marker=');
  await listener.hears('=marker=');
  assert.equal(listener.inbox.items.length, 1);
  const { rooms: list } = JSON.parse((await request(s.daemon.http, '/api/rooms')).body);
  assert.deepEqual(list, [{ room: 'lobby', count: 1, head: 1 }]);
});

test('pings are comments, also while there is nothing else; the peer leaving is seen', async (t) => {
  const s = await scene(t, { args: ['--set', 'ws.ping=50ms'] });
  const listener = await events(s);
  await listener.until((items) => items.filter((item) => item.comment === ':').length >= 5, 'five pings');
  await listener.close();
  await s.daemon.logged(/disconnect transport=sse .*reason=(left|"connection lost")/);
});

test('who takes nothing is held in bounded memory, hears all that is kept when it reads on, or is closed', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  ann.inbox.keep = (event) => ({ ...event, text: undefined });
  const slow = await events(s);
  const quick = await events(s);
  for (const each of [slow, quick]) {
    each.inbox.keep = (item) => (item.data?.text ? { ...item, data: { ...item.data, text: item.data.text.slice(0, 10) } } : item);
  }
  slow.socket.pause();
  const before = s.daemon.rss();
  const total = Math.round(8000 / SLOW);
  for (let n = 1; n <= total; n++) await ann.publish(`=${n}= ${'x'.repeat(4000)}`);
  await quick.hears(`=${total}=`);
  const grown = (s.daemon.rss() - before) / 1e6;
  t.diagnostic(`${(total * 4) / 1000} MB said, ${grown.toFixed(1)} MB grown`);
  assert.ok(grown < 16 * SLOW, `${grown} MB`);  // sanitizers take memory of their own
  assert.deepEqual(quick.seqs(), range(1, total));
  slow.socket.resume();
  await slow.hears(`=${total}=`);
  // What it heard and what it was told is gone are, together, everything.
  const covered = [...slow.seqs(), ...slow.gaps().flatMap(({ from, to }) => range(from, to))].sort((a, b) => a - b);
  assert.deepEqual(covered, range(1, total));
  assert.ok(slow.gaps().length > 0);
});

test('limits.stall ends a listener that takes nothing', async (t) => {
  const s = await scene(t, { args: ['--set', 'limits.stall=300ms', '--set', 'ws.ping=100ms'] });
  const ann = await s.v1({ nick: 'ann' });
  const slow = await events(s);
  slow.socket.pause();
  const flood = (async () => {
    for (let n = 0; !/disconnect transport=sse/.test(s.daemon.log()); n++) await ann.publish(`${n} ${'x'.repeat(4000)}`);
  })();
  await s.daemon.logged(/disconnect transport=sse .*reason=stalled/);
  await flood;
});

test('a listener takes a place like any connection', async (t) => {
  const s = await scene(t, { args: ['--set', 'limits.connections=2'] });
  const first = await events(s);
  await events(s);
  isError(await request(s.daemon.http, '/healthz'), 503, 'too_many');
  await first.close();
  await s.daemon.logged(/disconnect transport=sse/);
  assert.equal((await request(s.daemon.http, '/healthz')).status, 200);
});

test('a stream of a room there may not be is an error, not a stream', async (t) => {
  const s = await scene(t, { args: ['--set', 'limits.rooms=1'] });
  await s.v1({ nick: 'ann' });
  isError(await request(s.daemon.http, '/api/rooms/den/events'), 429, 'too_many');
  isError(await request(s.daemon.http, '/api/rooms/Den/events'), 400, 'bad_room');
  isError(await request(s.daemon.http, '/api/rooms/lobby/events', { headers: { origin: 'http://evil.example' } }), 403, 'forbidden');
});

test('SIGTERM under load: what was answered with 201 has reached the listener before its end', async (t) => {
  const s = await scene(t);
  const listener = await events(s);
  const silent = await events(s);
  silent.socket.pause();
  const said = [];
  const talking = range(1, 4).map(async (who) => {
    for (let n = 1; ; n++) {
      const answer = await post(s, { text: `=${who}:${n}=`, nick: `p${who}` }).catch(() => undefined);
      if (answer?.status !== 201) return;
      said.push(answer.json.seq);
    }
  });
  await listener.until((items) => items.length > 200, '200 messages');
  s.daemon.proc.kill('SIGTERM');
  await Promise.all(talking);
  const ended = await within(s.daemon.exited, () => `the daemon ends: ${s.daemon.log()}`, 10_000 * SLOW);
  assert.deepEqual(ended, { code: 0, signal: null });
  await listener.whenClosed();
  const heard = new Set(listener.seqs());
  assert.equal(heard.size, listener.seqs().length);
  assert.deepEqual(said.filter((seq) => !heard.has(seq)), []);
  assert.match(s.daemon.log(), /stopped clean=true/);
});

test('verbatim relay: a POST goes to raw clients as its text and LF, a listener gets what raw clients send', async (t) => {
  const s = await scene(t, { args: ['--relay', 'verbatim'] });
  const raw = s.use(await s.tcpSocket().open());
  const listener = await events(s);
  await raw.write('bytes\n');
  await listener.hears('bytes');
  assert.equal((await post(s, { text: 'hi', nick: 'ci' })).status, 201);
  await raw.next(/^hi$/);
  assert.match(listener.inbox.items[0].data.nick, /^tcp-\d+$/);
});

test('a page of a configured origin in Chromium posts and listens; one of another origin does neither', async (t) => {
  const site = http.createServer((_, res) => res.setHeader('content-type', 'text/html').end('<title>x</title>'));
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  const { port } = site.address();
  const s = await scene(t, { args: ['--set', `http.allowed_origins=http://localhost:${port}`] });
  s.use({ close: async () => { site.closeAllConnections(); site.close(); } });
  const page = await (await s.browser()).newPage();
  const talk = async (host) => {
    await page.goto(`http://${host}:${port}/`);
    return page.evaluate(`(async () => {
      const heard = new Promise((resolve) => {
        const source = new EventSource('${rooms(s)}/lobby/events');
        source.onmessage = (event) => { source.close(); resolve([event.lastEventId, JSON.parse(event.data).text]); };
        source.onerror = () => { source.close(); resolve('refused'); };
        source.onopen = () => fetch('${rooms(s)}/lobby/messages', { method: 'POST',
          headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: 'from ${host}' }) });
      });
      const posted = await fetch('${rooms(s)}/lobby/messages', { method: 'POST',
        headers: { 'content-type': 'application/json' }, body: '{"text":"first"}' }).then((r) => r.status, () => 'refused');
      return [posted, await heard];
    })()`);
  };
  const [posted, [id, text]] = await within(talk('localhost'), () => 'the page talks');
  assert.equal(posted, 201);
  assert.match(id, /^[a-z0-9]+-\d+$/);
  assert.match(text, /first|from localhost/);
  assert.deepEqual(await within(talk('127.0.0.1'), () => 'the other page is refused'), ['refused', 'refused']);
});
