// limits.replay_rate: who asks for everything again and again waits for it, on every transport, and is never refused.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startDaemon } from '../support/daemon.mjs';
import { namespaces } from '../support/namespaces.mjs';
import { Program } from '../support/program.mjs';
import { stateDirectory } from '../support/state.mjs';
import { within } from '../support/wait.mjs';

const set = (...settings) => settings.flatMap((setting) => ['--set', setting]);
const RATE = 1000;  // so 4,000 at once
const SAID = 3000;

const seconds = async (work) => {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
};

test('an address reads again at its rate, with HTTP, events and a browser\'s socket together; loopback and others do not wait', async (t) => {
  const net = namespaces(t, ['friend', 'other']);
  if (!net) return;
  const { use } = net;
  const daemon = use(await startDaemon({
    prefix: net.hub.prefix,
    args: ['--tcp', '[::]:0', '--http', '[::]:0', ...set(`limits.replay_rate=${RATE}`, 'limits.rate=0', 'room.window_bytes=64KiB'),
      '--journal', `sqlite:${stateDirectory(t)}/journal.db`],
  }));
  const run = (host, ...command) => use(new Program(`${command[0]} in ${host.name}`, [...host.prefix, ...command]));
  const speaker = run(net.hub, 'nc', '127.0.0.1', `${daemon.tcp}`);
  const listener = run(net.hub, 'nc', '127.0.0.1', `${daemon.tcp}`);
  for (const each of [speaker, listener]) await each.next(/^\*\*\* you are /);
  for (let n = 1; n <= SAID; n++) await speaker.say(`${n}`);
  await listener.next(new RegExp(`: ${SAID}$`));

  const url = (host, after) => `http://${host}:${daemon.http}/api/rooms/lobby/messages?limit=1000&after=${after}`;
  // Everything, `times` over, each answer as it should be.
  const readAll = async (from, host, times) => {
    const urls = Array.from({ length: 3 * times }, (_, n) => url(host, 1000 * (n % 3)));
    const curl = run(from, 'curl', '-sSf', '-m', '60', '-w', '%{http_code}\n', ...urls);
    await within(curl.whenClosed(), () => 'curl ends', 120_000);
    const answers = curl.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).messages);
    assert.deepEqual(answers.map((messages) => messages.length), Array(3 * times).fill(1000));
  };
  const near = await seconds(() => readAll(net.hub, '127.0.0.1', 10));
  assert.ok(near < (30_000 - 4000) / RATE, `${near} s: loopback does not wait`);
  const first = await seconds(() => readAll(net.friend, net.friend.hubIp, 3));
  t.diagnostic(`${near.toFixed(2)} s for 30,000 by loopback, ${first.toFixed(2)} s for 9,000 by another address`);
  assert.ok(first >= 3.5, `${first} s`);  // the burst, and what is asked for before it is over
  assert.ok(first < near + 30, `${first} s`);
  const other = await seconds(() => readAll(net.other, net.other.hubIp, 1));
  assert.ok(other < 3, `${other} s: another address does not wait for it`);

  // The same account for those who listen: all comes, from the beginning.
  const asked = run(net.hub, 'curl', '-sSf', url('127.0.0.1', 0));
  await asked.whenClosed();
  const { epoch } = JSON.parse(asked.lines[0]);
  const events = run(net.friend, 'curl', '-sSN', '-H', `Last-Event-ID: ${epoch}-0`,
    `http://${net.friend.hubIp}:${daemon.http}/api/rooms/lobby/events`);
  const heard = await seconds(() => within(events.next(new RegExp(`"text":"${SAID}"`)), () => 'all events', 60_000));
  t.diagnostic(`${heard.toFixed(2)} s for ${SAID} events`);
  assert.ok(heard >= 2, `${heard} s`);
});
