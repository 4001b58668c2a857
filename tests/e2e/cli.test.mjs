// The command line, the environment and the configuration file: who wins, what is refused, and how it is said.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { parseReady, run, startDaemon } from '../support/daemon.mjs';
import { scene } from '../support/scene.mjs';
import { TcpClient } from '../support/clients.mjs';

const NOWHERE = ['--tcp', '127.0.0.1:0', '--udp', '127.0.0.1:0', '--http', '127.0.0.1:0', '--journal', 'memory'];

// A configuration file of this test's.
function configFile(t, text) {
  const directory = mkdtempSync(join(tmpdir(), 'chatbridge-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'chatbridge.toml');
  writeFileSync(path, text);
  return path;
}

// A port that somebody else listens on.
async function takenPort(t) {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return server.address().port;
}

async function refused(args, pattern, env = {}) {
  const result = await run(args, { env });
  assert.equal(result.code, 2, `${args.join(' ')}: ${result.stderr}`);
  assert.match(result.stderr, pattern);
  assert.doesNotMatch(result.stderr, /^ready /m);
}

test('--help and --version answer on standard output', async () => {
  const help = await run(['--help']);
  assert.equal(help.code, 0);
  for (const word of ['--config', '--tcp', '--udp', '--http', '--room', '--journal', '--log-level', '--set', 'health']) {
    assert.ok(help.stdout.includes(word), `--help names ${word}`);
  }
  const version = await run(['--version']);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /\d+\.\d+\.\d+/);
});

test('serve --check validates and binds nothing', async (t) => {
  const port = await takenPort(t);
  const good = await run(['serve', '--check', '--tcp', `127.0.0.1:${port}`, '--http', `127.0.0.1:${port}`, '--journal', 'memory']);
  assert.equal(good.code, 0, good.stderr);
  assert.doesNotMatch(good.stderr, /^ready /m);
  assert.equal(good.stdout, 'configuration ok\n');
  await refused(['serve', '--check', '--set', 'udp.idle=5'], /udp\.idle/);
});

test('unknown flags, keys and bad values exit with 2 and say where', async (t) => {
  await refused([...NOWHERE, '--frobnicate'], /frobnicate/);
  await refused(['frobnicate'], /frobnicate/);
  await refused([...NOWHERE, '--set', 'no.such_key=1'], /no\.such_key/);
  await refused([...NOWHERE, '--set', 'nonsense'], /nonsense/);
  await refused([...NOWHERE, '--log-level', 'loud'], /loud|log.level/);
  await refused([...NOWHERE, '--threads', 'many'], /threads/);
  await refused([...NOWHERE, '--room', 'NOT GOOD'], /room/i);
  await refused(['--tcp', '127.0.0.1:99999', '--journal', 'memory'], /99999|tcp/);
  await refused([...NOWHERE, '--relay', 'loudly'], /relay|loudly/);
  await refused([...NOWHERE, '--set', 'room.window_bytes=lots'], /room\.window_bytes/);
  await refused(NOWHERE, /CHATBRIDGE_UDP_IDLE/, { CHATBRIDGE_UDP_IDLE: 'soon' });
  const unknown = configFile(t, '[udp]\nidle = "5m"\nidel = "5m"\n');
  await refused([...NOWHERE, '--config', unknown], new RegExp(`${unknown}[^]*idel|idel[^]*${unknown}`));
  const bad = configFile(t, 'udp.idle = "soon"\n');
  await refused([...NOWHERE, '--config', bad], /udp\.idle/);
  const broken = configFile(t, '[udp\n');
  await refused([...NOWHERE, '--config', broken], new RegExp(broken));
  await refused([...NOWHERE, '--config', `${broken}.missing`], /missing/);
  await refused([...NOWHERE, '--config', '/'], /directory/);
});

test('a duration needs its unit, a size and a list may be written as documented', async (t) => {
  await refused([...NOWHERE, '--set', 'tcp.unterminated=100'], /tcp\.unterminated/);
  for (const good of ['tcp.unterminated=0', 'udp.idle=10m', 'room.window_bytes=1GiB', 'room.window_bytes=65536',
    'http.hosts=a.example,b.example']) {
    const result = await run(['serve', '--check', ...NOWHERE, '--set', good]);
    assert.equal(result.code, 0, `${good}: ${result.stderr}`);
  }
  const list = configFile(t, 'tcp.listen = ["127.0.0.1:0", "127.0.0.2:0"]\n[http]\nhosts = ["a.example"]\n');
  const result = await run(['serve', '--check', '--config', list, '--journal', 'memory']);
  assert.equal(result.code, 0, result.stderr);
});

test('journals that are not built in say so and exit with 2', async () => {
  await refused([...NOWHERE.slice(0, 6), '--journal', 'nats://127.0.0.1:4222'], /not built in/);
  await refused([...NOWHERE.slice(0, 6), '--journal', 'carrier-pigeon:'], /carrier-pigeon/);
});

test('a taken port exits with 1 and one line that names it', async (t) => {
  const port = await takenPort(t);
  for (const flag of ['--tcp', '--http']) {
    const args = [flag, `127.0.0.1:${port}`, '--udp', 'none', '--log-level', 'error', '--journal', 'memory'];
    const other = flag === '--tcp' ? ['--http', 'none'] : ['--tcp', 'none'];
    const result = await run([...args, ...other]);
    assert.equal(result.code, 1, result.stderr);
    const lines = result.stderr.trim().split('\n');
    assert.equal(lines.length, 1, result.stderr);
    assert.ok(lines[0].includes(String(port)), lines[0]);
  }
});

// The room in which a client of a daemon with these settings finds itself.
async function defaultRoom(t, { args = [], env = {} }) {
  const s = await scene(t, { args, env });
  return (await s.tcp()).room;
}

test('flag beats environment beats file', async (t) => {
  const config = ['--config', configFile(t, '[room]\ndefault = "by-file"\n')];
  const env = { CHATBRIDGE_ROOM: 'by-env' };
  assert.equal(await defaultRoom(t, { args: config }), 'by-file');
  assert.equal(await defaultRoom(t, { args: config, env }), 'by-env');
  assert.equal(await defaultRoom(t, { args: config, env: { CHATBRIDGE_ROOM_DEFAULT: 'by-long-name' } }), 'by-long-name');
  assert.equal(await defaultRoom(t, { args: [...config, '--room', 'by-flag'], env }), 'by-flag');
  assert.equal(await defaultRoom(t, { args: [...config, '--set', 'room.default=by-set'], env }), 'by-set');
  assert.equal(await defaultRoom(t, {}), 'lobby');
});

test('an unknown CHATBRIDGE_ variable is a warning that names it', async (t) => {
  const s = await scene(t, { env: { CHATBRIDGE_SERVICE_HOST: '10.0.0.1' } });
  await s.daemon.logged('CHATBRIDGE_SERVICE_HOST', 'a warning');
  await s.tcp();
});

test('several listeners, none, and IPv6 are served and named in the ready line', async (t) => {
  const args = ['--tcp', '127.0.0.1:0', '--tcp', '[::1]:0', '--udp', 'none', '--http', '[::1]:0'];
  const s = await scene(t, { args });
  const { tcp, udp, http } = s.daemon.listeners;
  assert.equal(tcp.length, 2);
  assert.match(tcp[1], /^\[::1\]:\d+$/);
  assert.deepEqual(udp, []);
  assert.match(http[0], /^\[::1\]:\d+$/);
  const four = await s.tcp({ nick: 'four' });
  const six = await s.use(new TcpClient(Number(/\d+$/.exec(tcp[1])[0]), { host: '::1' })).connect({ nick: 'six' });
  await six.say('hello');
  assert.equal(await four.hears('hello'), 'six: hello');
});

test('listeners can come from the environment', async (t) => {
  const env = { CHATBRIDGE_TCP: '127.0.0.1:0,127.0.0.2:0', CHATBRIDGE_UDP_LISTEN: '127.0.0.1:0', CHATBRIDGE_HTTP: 'none' };
  const daemon = await startDaemon({ args: ['--journal', 'memory'], env, bare: true });
  t.after(() => daemon.stop());
  const { tcp, udp, http } = daemon.listeners;
  assert.deepEqual([tcp.length, udp.length, http.length], [2, 1, 0]);
  assert.match(tcp[1], /^127\.0\.0\.2:/);
});

test('the ready line and the page\'s address are plain, at any log level and format; all else is JSON if asked for', async (t) => {
  const quiet = await scene(t, { args: ['--log-level', 'error'] });
  await quiet.daemon.logged(`open http://localhost:${quiet.daemon.http}/`);
  const s = await scene(t, { args: ['--log-format', 'json'] });
  const ann = await s.tcp({ nick: 'ann' });
  await ann.say('x'.repeat(5000));
  await ann.notice();
  await ann.say('/quit');
  await ann.whenClosed();
  await s.daemon.stop();
  const lines = s.daemon.log().split('\n');
  const plain = lines.filter((line) => parseReady(line) || /^open http:\/\/localhost:\d+\/$/.test(line));
  assert.equal(plain.length, 2);
  const json = lines.filter((line) => !plain.includes(line));
  assert.ok(json.length >= 2, 'events are logged');
  for (const line of json) assert.doesNotThrow(() => JSON.parse(line), line);
});

test('health exits with 0 when a server is ready, and with 1 when none is there', async (t) => {
  const s = await scene(t);
  const address = `127.0.0.1:${s.daemon.http}`;
  assert.equal((await run(['health', `http://${address}`])).code, 0);
  assert.equal((await run(['health'], { env: { CHATBRIDGE_HTTP: address } })).code, 0, 'of this configuration');
  await s.daemon.stop();
  const missing = await run(['health', `http://${address}`]);
  assert.equal(missing.code, 1);
  assert.equal(missing.stderr.trim().split('\n').length, 1, 'one line says why');
});

test('health of a listener on [::] asks IPv4 where ::1 does not answer', async (t) => {
  const s = await scene(t); // on 127.0.0.1 alone
  const asked = await run(['health'], { env: { CHATBRIDGE_HTTP: `[::]:${s.daemon.http}` } });
  assert.equal(asked.code, 0, asked.stderr);
});
