// Over plain http under a name of a local network: no secure context, so a browser holds things back. What can work does, what cannot says why.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser('--host-resolver-rules=MAP chat.internal 127.0.0.1'); });
after(() => browser?.close());

async function setup(t) {
  const s = await scene(t, browser);
  const bob = await s.tcp('bob', 'dev');
  const ann = await s.person('ann', { room: 'dev', host: 'chat.internal' });
  assert.equal(await ann.page.evaluate(() => isSecureContext), false);
  return { daemon: s.daemon, ann, bob, page: ann.page };
}

test('one writes, reads, and comes back to one\'s name and what was pending', async (t) => {
  const { ann, bob, page } = await setup(t);
  await ann.say('no crypto.randomUUID here');
  await bob.hears('no crypto.randomUUID here');
  await bob.say('and none missed');
  await ann.hears('and none missed');
  ann.outage = true;
  let cut = true;
  await page.routeWebSocket(/\/ws$/, (socket) => (cut ? socket.close() : socket.connectToServer()));
  await page.reload();
  await ann.say('written offline');
  await ann.message('written offline', 'pending').waitFor();
  cut = false;
  await page.reload();
  await bob.hears('written offline');
  await ann.people.getByText('ann', { exact: true }).waitFor();
  assert.equal(bob.count('written offline'), 1);
});

test('lines of the invite panel name this host, and are copied without the clipboard interface', async (t) => {
  const { daemon, ann, page } = await setup(t);
  assert.equal(await page.evaluate(() => navigator.clipboard), undefined);
  await page.getByRole('button', { name: 'Invite' }).click();
  const dialog = page.getByRole('dialog', { name: 'Invite to dev' });
  await dialog.getByRole('button', { name: 'Copy A browser' }).click();
  await dialog.getByRole('button', { name: 'Copied A browser' }).waitFor();
  await page.keyboard.press('Escape');
  await ann.box.focus();
  await page.keyboard.press('Control+V');
  assert.equal(await ann.box.inputValue(), `http://chat.internal:${daemon.http}/#dev`);
});

test('the settings say what the connection costs', async (t) => {
  const { page } = await setup(t);
  await page.getByRole('button', { name: /settings/ }).click();
  await page.getByText(/came over plain http/).waitFor();
});
