// Clients that other people wrote, unchanged, in one room: each hears what the others say, once.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { Program } from '../support/program.mjs';
import { scene } from '../support/scene.mjs';

const PYTHON = '/usr/bin/python3';
const script = (name) => fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url));
const installed = (command, args = []) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const onPath = (name) => installed('sh', ['-c', `command -v ${name}`]);

// name, command, and what must be there for it.
const programs = ({ tcp, udp, http }) => [
  { name: 'nc', command: ['nc', '127.0.0.1', `${tcp}`] },
  { name: 'nc_udp', command: ['nc', '-u', '127.0.0.1', `${udp}`] },
  { name: 'ncat', command: ['ncat', '127.0.0.1', `${tcp}`] },
  { name: 'socat', command: ['socat', '-', `TCP:127.0.0.1:${tcp}`] },
  { name: 'socat_udp', command: ['socat', '-', `UDP:127.0.0.1:${udp}`] },
  { name: 'telnet', command: ['script', '-qec', `telnet 127.0.0.1 ${tcp}`, '/dev/null'], needs: () => onPath('telnet') },
  { name: 'lab_tcp', command: [PYTHON, '-u', script('lab_tcp_client.py'), '127.0.0.1', `${tcp}`] },
  { name: 'lab_udp', command: [PYTHON, '-u', script('lab_udp_client.py'), '127.0.0.1', `${udp}`] },
  {
    name: 'websockets', command: [PYTHON, '-u', script('websockets_client.py'), `ws://127.0.0.1:${http}/ws`],
    needs: () => installed(PYTHON, ['-c', 'import websockets']),
  },
];

// What others said, as a terminal shows it: a client without line handling may print several lines in one.
const heard = (program, text) => program.lines.join('\n').split(`: ${text}`).length - 1;

test('nc, ncat, socat, telnet, lab clients and Python websockets chat in one room', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const there = [];
  for (const { name, command, needs = () => onPath(command[0]) } of programs(s.daemon)) {
    await t.test(`${name} comes in`, { skip: needs() ? false : `${name} is not installed` }, async () => {
      const program = s.use(new Program(name, command));
      await program.say(`=${name} is here=`);  // for datagram clients this is what registers them
      await listener.hears(`=${name} is here=`);
      await program.until((lines) => lines.some((line) => line.includes('*** you are')), 'the greeting');
      there.push(program);
    });
  }

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

test('printf into nc -N, and into nc -u -w0, say their line and are gone', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const run = (command) => s.use(new Program('sh', ['sh', '-c', command]));
  run(`printf 'by tcp\\n' | nc -N 127.0.0.1 ${s.daemon.tcp}`);
  run(`printf 'cut short' | nc -N 127.0.0.1 ${s.daemon.tcp}`);
  run(`printf 'by udp\\n' | nc -u -w0 127.0.0.1 ${s.daemon.udp}`);
  for (const text of ['by tcp', 'cut short', 'by udp']) await listener.hears(text);
  assert.deepEqual(listener.texts().sort(), ['by tcp', 'by udp', 'cut short']);
});

test('a file piped into nc -N arrives complete and in order', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  s.use(new Program('sh', ['sh', '-c', `seq 1 2000 | sed 's/^/line /' | nc -N 127.0.0.1 ${s.daemon.tcp}`]));
  await listener.hears('line 2000');
  assert.deepEqual(listener.texts(), Array.from({ length: 2000 }, (_, n) => `line ${n + 1}`));
});
