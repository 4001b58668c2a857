// The load generator of bench/: it finds nothing wrong with the daemon and the floor, on all transports, and does find
// what a faulty relay does to messages.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { dirname } from 'node:path';
import test from 'node:test';
import { binary, parseReady, startDaemon, track } from '../support/daemon.mjs';
import { Inbox, LineSplitter, SLOW, within } from '../support/wait.mjs';

const BENCH = `${dirname(binary())}/bench`;
const FAULTS = ['lost', 'doubled', 'reordered', 'disordered', 'torn', 'foreign', 'disconnected'];

// Its result, with its exit status as `code`.
async function load(args) {
  const briefly = ['--seconds', '0.5', '--warmup', '0', '--patience', String(1.5 * SLOW)];
  const child = track(spawn(`${BENCH}/load`, [...args, ...briefly], { stdio: ['ignore', 'pipe', 'inherit'] }));
  let out = '';
  child.stdout.on('data', (chunk) => { out += chunk; });
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const code = await within(ended, () => 'the load generator ends', 30_000 * SLOW);
  return { code, ...JSON.parse(out) };
}

// Clients in a process of their own that hear what another one's sender says: their line when they are in, and the last.
function follow(args) {
  const child = track(spawn(`${BENCH}/load`, [...args, '--follow', '--patience', String(1.5 * SLOW)], { stdio: ['pipe', 'pipe', 'inherit'] }));
  const lines = new Inbox('the load generator that follows');
  const splitter = new LineSplitter((line) => lines.push(line));
  child.stdout.on('data', (chunk) => splitter.push(chunk));
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const next = async (name) => JSON.parse((await lines.find((line) => line.includes(`"${name}"`), `a line with ${name}`, { ms: 10_000 * SLOW })).item);
  return {
    isIn: () => next('connected'),
    result: async () => {
      child.stdin.end();
      const last = await next('lost');
      return { ...last, code: await within(ended, () => 'the load generator ends', 30_000 * SLOW) };
    },
  };
}

const faultsOf = (result) => Object.fromEntries(FAULTS.filter((name) => result[name] > 0).map((name) => [name, result[name]]));

function assertRight(result, deliveries) {
  assert.equal(result.error, undefined, JSON.stringify(result));
  assert.deepEqual(faultsOf(result), {});
  assert.equal(result.code, 0, JSON.stringify(result));
  assert.equal(result.orders_compared, true);
  if (deliveries) assert.equal(result.deliveries, deliveries);
}

async function floor(t) {
  const child = track(spawn(`${BENCH}/floor`, { stdio: ['ignore', 'ignore', 'pipe'] }));
  t.after(() => child.kill('SIGKILL'));
  const lines = new Inbox('the floor');
  const splitter = new LineSplitter((line) => lines.push(line));
  child.stderr.on('data', (chunk) => splitter.push(chunk));
  return parseReady((await lines.find((line) => parseReady(line), 'the ready line')).item);
}

const everyKind = ({ tcp, udp, http }, v1 = 'v1') => [
  '--receivers', `5=tcp://${tcp[0]}`, '--receivers', `5=ws://${http[0]}/ws`, '--receivers', `5=${v1}://${http[0]}/ws`,
  '--receivers', `5=udp://${udp[0]}`];

test('nothing is wrong with the daemon, whoever sends', async (t) => {
  const daemon = await startDaemon();
  t.after(() => daemon.stop());
  const at = daemon.listeners;
  const senders = ['--senders', `2=tcp://${at.tcp[0]}`, '--both', `2=ws://${at.http[0]}/ws`, '--both', `2=v1://${at.http[0]}/ws`];
  const all = await load([...everyKind(at), ...senders, '--rate', '200', '--pid', daemon.pid]);
  assertRight(all, 100 * 25);  // each to all others
  assert.ok(all.cpu_s > 0 && all.resident > 0 && all.p50_us > 0);
  assertRight(await load([...everyKind(at).slice(0, 6), '--senders', `3=tcp://${at.tcp[0]}`, '--window', '16']));
  assertRight(await load([...everyKind(at), '--senders', `1=tcp://${at.tcp[0]}`, '--one-to-all', '3']), 3 * 20);
});

test('a message to clients of several processes comes to all of them, once', async (t) => {
  const daemon = await startDaemon();
  t.after(() => daemon.stop());
  const at = daemon.listeners;
  const others = [follow(everyKind(at).slice(0, 4)), follow(everyKind(at).slice(4))];
  assert.deepEqual(await Promise.all(others.map(async (one) => (await one.isIn()).connected)), [10, 10]);
  const pair = ['--receivers', `1=tcp://${at.tcp[0]}`, '--senders', `1=tcp://${at.tcp[0]}`];
  const speaker = await load([...pair, '--one-to-all', '3', '--pause', '0.1']);
  assertRight(speaker, 3);
  assert.equal(speaker.all_s.length, 3);
  for (const one of others) {
    const heard = await one.result();
    assert.deepEqual(faultsOf(heard), {});
    assert.equal(heard.code, 0);
    assert.equal(heard.said, speaker.said);
    assert.equal(heard.deliveries, 10 * speaker.said);
    assert.equal(heard.all_s.length, speaker.said);
  }
});

test('nothing is wrong with the floor', async (t) => {
  const at = await floor(t);
  const clients = [...everyKind(at, 'ws'), '--both', `3=tcp://${at.tcp[0]}`, '--both', `3=ws://${at.http[0]}/`];
  assertRight(await load([...clients, '--rate', '200']), 100 * 25);
  assertRight(await load([...clients.slice(0, 6), '--senders', `3=tcp://${at.tcp[0]}`, '--window', '16']));
});

// A relay of lines that treats the n-th message to its second client as `spoil` says: it gives what is sent instead.
async function faultyRelay(t, spoil) {
  const clients = [];
  let messages = 0;
  const server = net.createServer((socket) => {
    const index = clients.push(socket) - 1;
    socket.on('error', () => {});
    const splitter = new LineSplitter((line) => {
      if (line === '') return socket.write('*** you are here\n');
      messages += index === 2;
      clients.forEach((client, i) => {
        if (i !== index) client.write(i === 1 ? spoil(`${line}\n`, messages) : `${line}\n`);
      });
    });
    socket.on('data', (chunk) => splitter.push(chunk));
  });
  t.after(() => { clients.forEach((client) => client.destroy()); server.close(); });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `tcp://127.0.0.1:${server.address().port}`;
}

const nth = (n, spoil) => (line, count) => (count === n ? spoil(line) : line);
function swap(n) {
  let held = '';
  return (line, count) => {
    if (count === n) held = line;
    return count === n ? '' : count === n + 1 ? line + held : line;
  };
}
const SPOILT = [
  ['nothing', (line) => line, {}],
  ['a message left out', nth(20, () => ''), { lost: 1 }],
  ['a message sent twice', nth(20, (line) => line + line), { doubled: 1 }],
  ['two messages swapped', swap(20), { reordered: 1 }],
  ['a message cut short', nth(20, (line) => `${line.slice(0, 30)}\n`), { torn: 1, lost: 1 }],
  ['a byte changed', nth(20, (line) => line.replace('xx', 'xy')), { torn: 1, lost: 1 }],
];

test('what is lost on the way to another process is found there', async (t) => {
  const url = await faultyRelay(t, nth(20, () => ''));
  const receivers = follow(['--receivers', `2=${url}`, '--at-once', '1']);
  await receivers.isIn();
  const speaker = await load(['--senders', `1=${url}`, '--rate', '100']);
  assert.equal(speaker.code, 0, JSON.stringify(speaker));
  const heard = await receivers.result();
  assert.deepEqual(faultsOf(heard), { lost: 1 });
  assert.equal(heard.said, speaker.said);
  assert.equal(heard.code, 1);
});

test('what a faulty relay does is found', async (t) => {
  await Promise.all(SPOILT.map(async ([what, spoil, faults]) => {
    const url = await faultyRelay(t, spoil);
    // One at a time, so that the relay's clients are in the order in which they are listed.
    const result = await load(['--receivers', `2=${url}`, '--senders', `1=${url}`, '--at-once', '1', '--rate', '100']);
    assert.equal(result.error, undefined, JSON.stringify(result));
    assert.deepEqual(faultsOf(result), faults, what);
    assert.equal(result.code, what === 'nothing' ? 0 : 1, what);
  }));
});
