// File descriptors run out: accepting pauses, nobody loses a connection, nothing spins, and it goes on by itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { request } from '../support/http.mjs';
import { scene } from '../support/scene.mjs';

const DESCRIPTORS = 64;
const EXHAUSTED = /descriptor|EMFILE|too many open files/i;
const TICKS_PER_SECOND = 100;

const isGreeted = (client) => client.lines.some((line) => line.startsWith('*** you are'));

// Connects more clients than there are descriptors and returns when the daemon says that it is out of them.
async function exhausted(t) {
  const s = await scene(t, {
    args: ['--threads', '2', '--set', 'limits.connections=0'], prefix: ['prlimit', `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`],
  });
  const lab = await s.tcpRaw();
  const crowd = [];
  for (let n = 0; n < DESCRIPTORS + 20; n++) crowd.push(await s.tcpSocket().open());
  await s.daemon.logged(EXHAUSTED, 'a line that descriptors have run out');
  const surely = crowd[DESCRIPTORS / 2];  // the daemon itself needs less than half of them
  await surely.until(() => isGreeted(surely), 'the greeting');
  return { s, lab, crowd };
}

// Everybody greeted so far hears this; returns them.
async function allGreetedHear(speaker, crowd, text) {
  const inside = crowd.filter(isGreeted);
  await speaker.say(text);
  for (const client of inside) await client.hears(text);
  return inside;
}

test('whoever is connected stays connected while no more can come in', async (t) => {
  const { lab, crowd } = await exhausted(t);
  await crowd[0].say('=one=');
  await lab.hears('=one=');
  const inside = await allGreetedHear(lab, crowd, '=two=');
  t.diagnostic(`${inside.length} of ${crowd.length} inside`);
  assert.ok(inside.length >= DESCRIPTORS / 2, 'most descriptors serve clients');
  assert.ok(inside.length < DESCRIPTORS, 'the others wait');
});

test('when some leave, as many come in, and in the end everybody was let in', async (t) => {
  const { s, lab, crowd } = await exhausted(t);
  for (let waiting = crowd; waiting.length > 0;) {
    // The kernel hands out connections in the order in which they were made: the first of the line is next.
    await waiting[0].until(() => isGreeted(waiting[0]), 'the greeting');
    const inside = await allGreetedHear(lab, waiting, `=with ${waiting.length} left=`);
    for (const client of inside) await client.close();
    waiting = waiting.filter((client) => !inside.includes(client));
  }
  assert.equal((await request(s.daemon.http, '/healthz')).status, 200, 'the other listener goes on too');
});

test('waiting for a descriptor costs no CPU', async (t) => {
  const { s, lab, crowd } = await exhausted(t);
  // Each of these takes the daemon's 100 ms for unterminated input: about two seconds with almost nothing to do.
  const [ticks, start] = [s.daemon.cpuTicks(), process.hrtime.bigint()];
  for (let n = 0; n < 20; n++) {
    await lab.say(`=tick ${n}=`);
    await crowd[0].hears(`=tick ${n}=`);
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const used = (s.daemon.cpuTicks() - ticks) / TICKS_PER_SECOND;
  t.diagnostic(`${used.toFixed(2)} s of CPU in ${seconds.toFixed(2)} s`);
  assert.ok(seconds > 1, 'the stretch is long enough to tell');
  assert.ok(used < seconds / 4, `${used} s of CPU in ${seconds} s is spinning`);
});
