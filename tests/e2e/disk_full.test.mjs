// A file system that is full, under load: nothing is acknowledged that is not stored, readyz says why, and it goes on by
// itself when there is room again.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { WsV1Client } from '../support/clients.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { history, stateDirectory } from '../support/state.mjs';
import { SLOW, within } from '../support/wait.mjs';

const DEADLINE = 30_000 * SLOW;

// Asks until the answer's status is this one.
async function readyz(port, status) {
  const asking = (async () => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
      const text = await answer.text();
      if (answer.status === status) return text;
    }
  })();
  return within(asking, () => `readyz answers ${status}`, DEADLINE);
}

test('a full disk refuses, says so, and recovers by itself; what was acknowledged is there once', { timeout: 120_000 * SLOW }, async (t) => {
  const mount = join(stateDirectory(t), 'disk');
  mkdirSync(mount);
  // A mount of the daemon's own: it is gone with it.
  const daemon = await startDaemon({
    prefix: ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs -o size=6m tmpfs ${mount} && exec "$@"`, 'sh'],
    args: ['--journal', `sqlite:${mount}/journal.db`],
  });
  t.after(() => daemon.stop());
  const inside = (name) => `/proc/${daemon.pid}/root${mount}/${name}`;
  const acked = new Map(), refused = new Set();
  let wake = () => {};
  const writers = await Promise.all([0, 1, 2, 3].map(async (w) => {
    const client = await new WsV1Client(daemon.http).connect({ nick: `w${w}` });
    t.after(() => client.close());
    client.ws.on('message', () => wake());
    return client;
  }));
  // Each keeps eight under way, whatever becomes of them.
  let said = 0, stopped = false, rounds = 0;
  const talk = async (client, lane) => {
    for (let n = 0; !stopped; n++) {
      const id = `${lane}-${n}`, text = `${client.nick} ${id} ${'x'.repeat(200)}`;
      said++;
      const from = client.events.length;
      await client.say(text, { id });
      const { item } = await client.inbox.find((event) => (event.type === 'ack' || event.type === 'error') && event.id === id,
        `what became of ${id}`, { from, ms: DEADLINE });
      if (item.type === 'ack') acked.set(text, item.seq);
      else {
        assert.equal(item.code, 'overloaded', JSON.stringify(item));
        refused.add(text);
      }
    }
  };
  const talking = Promise.all(writers.flatMap((client) => Array.from({ length: 8 }, (_, lane) => talk(client, lane))));
  const until = async (condition, what) => {
    const done = new Promise((resolve) => { wake = () => { if (condition()) resolve(); }; });
    await within(done, () => what, DEADLINE);
  };
  for (; rounds < 3; rounds++) {
    await until(() => acked.size > 200 * (rounds + 1), 'acks');
    const { bavail, bsize } = statfsSync(inside('.'));
    writeFileSync(inside('filler'), Buffer.alloc(Math.max(0, bavail * bsize - 200_000)));
    const before = refused.size;
    await until(() => refused.size > before + 20, 'refusals');
    assert.match(await readyz(daemon.http, 503), /full|disk/i);
    rmSync(inside('filler'));
    assert.equal(await readyz(daemon.http, 200), 'ok\n');
    const then = acked.size;
    await until(() => acked.size > then + 50, 'acks again');
  }
  stopped = true;
  await talking;
  const kept = await history(daemon.http);
  const count = new Map();
  for (const message of kept) count.set(message.text, (count.get(message.text) ?? 0) + 1);
  for (const [text, seq] of acked) {
    assert.equal(count.get(text), 1, 'acknowledged: there, once');
    assert.ok(kept.some((message) => message.seq === seq && message.text === text));
  }
  for (const text of refused) assert.equal(count.get(text), undefined, 'refused: not there');
  assert.equal(acked.size + refused.size, said);
  t.diagnostic(`${acked.size} acknowledged, ${refused.size} refused in ${rounds} rounds`);
});
