// The client in a page of somebody else, in Chromium.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { TcpClient } from '../support/clients.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { examples } from '../support/examples.mjs';
import { launchBrowser } from './browser.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());

// The page of docs/CLIENT.md, at an origin of its own, and a daemon that allows localhost's.
async function embed(t, host) {
  const site = http.createServer((request, response) => response.setHeader('content-type', 'text/html').end(request.url === '/' ? page() : ''));
  await new Promise((resolve) => { site.listen(0, '127.0.0.1', resolve); });
  const { port } = site.address();
  const daemon = await startDaemon({ args: ['--set', `http.allowed_origins=http://localhost:${port}`] });
  const page = () => examples('CLIENT.md').find(({ language }) => language === 'html').code.replaceAll('localhost:8080', `localhost:${daemon.http}`);
  const opened = await browser.newPage();
  t.after(async () => {
    await opened.close();
    site.closeAllConnections();
    site.close();
    await daemon.stop();
  });
  return { page: opened, daemon, open: () => opened.goto(`http://${host}:${port}/`) };
}

test('the page of the docs, at an origin that the operator allowed, chats', async (t) => {
  const { page, daemon, open } = await embed(t, 'localhost');
  await open();
  await page.waitForFunction(() => document.title === 'connected');
  const bob = await new TcpClient(daemon.tcp).connect({ nick: 'bob' });
  t.after(() => bob.close());
  await page.fill('#text', 'from elsewhere');
  await page.keyboard.press('Enter');
  await bob.next(/^guest-\d+: from elsewhere$/);
  await bob.say('hello');
  await page.getByText('bob: hello').waitFor();
  assert.deepEqual(await page.locator('#log li').count(), 2);
});

test('at any other origin it does not even get the client', async (t) => {
  const { page, open } = await embed(t, '127.0.0.1');
  const failed = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/client.js'));
  await open();
  await failed;
});
