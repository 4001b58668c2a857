// What the page says of its connection, and how soon it is back, in Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TcpClient } from '../support/clients.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { startNetwork } from '../support/relays.mjs';
import { Lives, stateDirectory } from '../support/state.mjs';
import { Person, launchBrowser } from './browser.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());

async function setup(t, { args } = {}) {
  const server = new Lives(stateDirectory(t), args);
  await server.start();
  const { http } = server.daemon;
  const ann = await Person.open(browser, `http://127.0.0.1:${http}/`);
  t.after(async () => {
    await ann.close();
    await server.daemon.stop();
  });
  await ann.enter('ann');
  return { server, ann, back: () => server.start({ args: [...server.args, '--http', `127.0.0.1:${http}`] }) };
}

test('connected, it shows how far away the server is', async (t) => {
  const { ann } = await setup(t);
  await ann.status.filter({ hasText: /^connected · \d+ ms$/ }).waitFor();
});

test('a server that says goodbye is told of, until it is back; what was written meanwhile is sent', async (t) => {
  const { server, ann, back } = await setup(t);
  ann.outage = true;
  await server.daemon.stop();
  await ann.notice.getByText('The server is going down. What you write waits here').waitFor();
  await ann.is('reconnecting in \\d+ s');
  await ann.say('written meanwhile');
  await ann.message('written meanwhile', 'pending').waitFor();
  await back();
  await ann.is('connected');
  await ann.message('written meanwhile', 'sent').waitFor();
  await ann.notice.waitFor({ state: 'hidden' });
});

test('killed without a word, it is waited for; the network coming back is reason enough to try at once', async (t) => {
  const { server, ann, back } = await setup(t);
  ann.outage = true;
  await server.kill();
  await ann.is('reconnecting in ([6-9]|\\d\\d) s');  // after some tries in vain
  await back();
  await ann.page.evaluate(() => {
    window.cameBack = performance.now();
    dispatchEvent(new Event('online'));
  });
  await ann.is('connected');
  assert.ok(await ann.page.evaluate(() => performance.now() - window.cameBack) < 4_000);
});

test('a machine that slept: the page notices and tries at once', async (t) => {
  const { server, ann, back } = await setup(t);
  ann.outage = true;
  await ann.page.clock.install();
  await ann.page.reload();
  await ann.is('connected');
  await server.kill();
  await ann.is('reconnecting in ([6-9]|\\d\\d) s');
  await back();
  await ann.page.clock.fastForward('01:00:00');
  await ann.is('connected');
});

test('what is gone is said, between what was before and what is kept', async (t) => {
  const server = await startDaemon({ args: ['--set', 'room.window_bytes=64KiB'] });
  const people = [];
  t.after(async () => {
    for (const person of people) await person.close();
    await server.stop();
  });
  for (const nick of ['ann', 'bob']) people.push(await (await Person.open(browser, `http://127.0.0.1:${server.http}/`)).enter(nick));
  const [ann, bob] = people;
  await bob.say('before');
  await ann.hears('before');
  ann.outage = true;
  await ann.context.setOffline(true);
  await ann.is('offline');
  for (let i = 1; i <= 30; i += 1) await bob.say(`${i} ${'x'.repeat(4_000)}`);
  await bob.message('30 x', 'sent').waitFor();
  await ann.context.setOffline(false);
  await ann.hears('30 x');
  const [first, gap, next] = await ann.log.locator('.message, .line.gap').allTextContents();
  assert.match(first, /before/);
  assert.match(gap, /some messages are gone/);
  assert.match(next, /x{100}/);
});

test('on a slow network that breaks one writes at once, sees what is under way, and everything is there once and in order', async (t) => {
  const server = await startDaemon();
  const network = await startNetwork(server.http, { delay: 200, rate: 50_000 });
  const ann = await Person.open(browser, `http://127.0.0.1:${network.port}/`);
  const bob = await new TcpClient(server.tcp).connect({ nick: 'bob' });
  t.after(async () => {
    await ann.close();
    await bob.close();
    await network.close();
    await server.stop();
  });
  await ann.enter('ann');
  await ann.status.filter({ hasText: /^connected · (4|5|6|7|8|9|1\d)\d\d ms$/ }).waitFor();
  const written = Array.from({ length: 20 }, (_, i) => `from ann ${i}.`);
  const heard = Array.from({ length: 100 }, (_, i) => `from bob ${i}.`);
  ann.outage = true;
  for (const [i, text] of written.entries()) {
    for (const other of heard.slice(i * 5, i * 5 + 5)) await bob.say(other);
    await ann.say(text);
    await ann.message(text).waitFor();  // it stands there before the server has it
    if (i === 10) network.cut();
  }
  await ann.message(written.at(-1), 'sent').waitFor();
  await ann.hears(heard.at(-1));
  const seen = new Map();
  for (let i = 0; i < 100 && ![...seen.values()].includes(heard[0]); i += 1) {
    for (const { seq, text } of await ann.messages()) seen.set(seq, text);
    await ann.log.evaluate((log) => new Promise((resolve) => {
      log.scrollTop -= log.clientHeight / 2;
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    }));
  }
  const texts = [...seen].sort(([one], [other]) => one - other).map(([, text]) => text);
  assert.deepEqual(texts.filter((text) => text.startsWith('from ann')), written);
  assert.deepEqual(texts.filter((text) => text.startsWith('from bob')), heard);
  await bob.hears(written.at(-1));
});
