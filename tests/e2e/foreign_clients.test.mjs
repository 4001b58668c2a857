// Clients that other people wrote, unchanged, in one room: each hears what the others say, once.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { Program } from '../support/program.mjs';
import { scene } from '../support/scene.mjs';

const PYTHON = '/usr/bin/python3';
const script = (name) => fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url));
const WSCAT = fileURLToPath(new URL('../node_modules/.bin/wscat', import.meta.url));
const installed = (command, args = []) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const onPath = (name) => installed('sh', ['-c', `command -v ${name}`]);

// A terminal of its own, as these programs have when a person runs them.
const onTerminal = (command) => ['script', '-qec', command, '/dev/null'];

// name, command, and what must be there for it; `listensFirst`: what is typed before it is connected is lost.
const programs = ({ tcp, udp, http }) => [
  { name: 'nc', command: ['nc', '127.0.0.1', `${tcp}`] },
  { name: 'nc_udp', command: ['nc', '-u', '127.0.0.1', `${udp}`] },
  { name: 'ncat', command: ['ncat', '127.0.0.1', `${tcp}`] },
  { name: 'socat', command: ['socat', '-', `TCP:127.0.0.1:${tcp}`] },
  { name: 'socat_udp', command: ['socat', '-', `UDP:127.0.0.1:${udp}`] },
  { name: 'telnet', command: onTerminal(`telnet 127.0.0.1 ${tcp}`), needs: () => onPath('telnet') },
  { name: 'nc_terminal', command: onTerminal(`nc 127.0.0.1 ${tcp}`), needs: () => onPath('nc') },
  // `-T .`: without it this curl looks at the connection only when something is typed.
  { name: 'curl_telnet', command: ['curl', '-N', '--no-progress-meter', '-T', '.', `telnet://127.0.0.1:${tcp}`] },
  { name: 'ncat_udp', command: ['ncat', '-u', '127.0.0.1', `${udp}`] },
  { name: 'lab_tcp', command: [PYTHON, '-u', script('lab_tcp_client.py'), '127.0.0.1', `${tcp}`] },
  { name: 'lab_udp', command: [PYTHON, '-u', script('lab_udp_client.py'), '127.0.0.1', `${udp}`] },
  {
    name: 'websockets', command: [PYTHON, '-u', script('websockets_client.py'), `ws://127.0.0.1:${http}/ws`],
    needs: () => installed(PYTHON, ['-c', 'import websockets']),
  },
  {
    name: 'wscat', command: [WSCAT, '-c', `ws://127.0.0.1:${http}/ws`], needs: () => existsSync(WSCAT), listensFirst: true,
  },
  {
    name: 'wscat_terminal', command: onTerminal(`${WSCAT} -c ws://127.0.0.1:${http}/`), needs: () => existsSync(WSCAT),
    listensFirst: true,
  },
];

// What others said, as a terminal shows it: a client without line handling may print several lines in one.
const heard = (program, text) => program.lines.join('\n').split(`: ${text}`).length - 1;

test('nc, ncat, socat, telnet, curl, lab clients, Python websockets, Node ws and wscat chat in one room', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const there = [];
  for (const { name, command, needs = () => onPath(command[0]), listensFirst } of programs(s.daemon)) {
    await t.test(`${name} comes in`, { skip: needs() ? false : `${name} is not installed` }, async () => {
      const program = s.use(new Program(name, command));
      const greeted = () => program.until((lines) => lines.some((line) => line.includes('*** you are')), 'the greeting');
      if (listensFirst) await greeted();
      await program.say(`=${name} is here=`);  // for datagram clients this is what registers them
      await listener.hears(`=${name} is here=`);
      await greeted();
      there.push(program);
    });
  }
  there.push(await s.wsText());  // Node's ws

  const own = (program) => `=${program.kind} speaks=`;
  for (const speaker of there) {
    await speaker.say(own(speaker));
    await listener.hears(own(speaker));
  }
  await listener.publish('=end=');
  for (const program of there) {
    await t.test(`${program.kind} hears everybody else once, and not itself`, async () => {
      await program.until(() => heard(program, '=end=') > 0, 'the end');
      for (const speaker of there) {
        assert.equal(heard(program, own(speaker)), speaker === program ? 0 : 1, `${program.kind} hears ${speaker.kind}`);
      }
    });
  }
  assert.equal(listener.count('speaks='), there.length);
});

test('curl reads the page, the probes and the rooms, and is told what else there is', async (t) => {
  const s = await scene(t);
  await s.v1({ nick: 'listener' });
  const base = `http://127.0.0.1:${s.daemon.http}`;
  const curl = async (...args) => (await promisify(execFile)('curl', ['-sS', '--max-time', '8', ...args])).stdout;
  assert.match(await curl(`${base}/`), /<title>/);
  assert.match(await curl('-I', `${base}/`), /^HTTP\/1\.1 200 /);
  assert.match(await curl(`http://127.0.0.1:${s.daemon.tcp}/`), /<title>/, 'the raw port answers HTTP too');
  assert.equal(await curl(`${base}/healthz`, `${base}/readyz`), 'ok\nok\n');
  assert.deepEqual(JSON.parse(await curl(`${base}/api/rooms`)).rooms.map(({ room, count }) => [room, count]), [['lobby', 1]]);
  const status = (...args) => curl('-o', '/dev/null', '-w', '%{http_code}', ...args);
  assert.equal(await status(`${base}/nothing`), '404');
  assert.equal(await status(`${base}/ws`), '426');
  assert.equal(await status('-H', 'Host: rebound.example', `${base}/`), '421');
});

test('wscat -x says its line and is gone', { skip: existsSync(WSCAT) ? false : 'wscat is not installed' }, async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const wscat = s.use(new Program('wscat', [WSCAT, '-c', `ws://127.0.0.1:${s.daemon.http}/ws`, '-x', 'by wscat', '-w', '0.2']));
  await listener.hears('by wscat');
  assert.equal((await wscat.whenClosed()).code, 0);
  assert.match(wscat.lines[0], /^\*\*\* you are /);
});

// Who half-closes is gone as soon as there is nothing to tell it.
const GONE_SOON = { args: ['--set', 'tcp.half_open=300ms', '--set', 'limits.rate=0'] };

test('printf into nc -N, and a line for nc -u -w0, are said, and who said them is gone', async (t) => {
  const s = await scene(t, GONE_SOON);
  const listener = await s.v1({ nick: 'listener' });
  const run = (command) => s.use(new Program('sh', ['sh', '-c', command]));
  run(`printf 'by tcp\\n' | nc -N 127.0.0.1 ${s.daemon.tcp}`);
  run(`printf 'cut short' | nc -N 127.0.0.1 ${s.daemon.tcp}`);
  run(`nc -u -w0 127.0.0.1 ${s.daemon.udp} <<'END'\nby udp\nEND`);  // -w0 waits for nothing, not for a pipe to be filled either
  for (const text of ['by tcp', 'cut short', 'by udp']) await listener.hears(text);
  assert.deepEqual(listener.texts().sort(), ['by tcp', 'by udp', 'cut short']);
});

test('a file piped into nc -N arrives complete and in order', async (t) => {
  const s = await scene(t, GONE_SOON);
  const listener = await s.v1({ nick: 'listener' });
  s.use(new Program('sh', ['sh', '-c', `seq 1 2000 | sed 's/^/line /' | nc -N 127.0.0.1 ${s.daemon.tcp}`]));
  await listener.hears('line 2000');
  assert.deepEqual(listener.texts(), Array.from({ length: 2000 }, (_, n) => `line ${n + 1}`));
});
