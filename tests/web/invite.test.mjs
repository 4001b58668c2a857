// The ways in that the invite panel shows, and that they work: the very lines are run.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { missing, ways } from '../../web/js/invite.js';
import { binary, track } from '../support/daemon.mjs';
import { Inbox, LineSplitter } from '../support/wait.mjs';
import { launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

const byTitle = (list) => Object.fromEntries(list.map(({ title, code }) => [title, code]));

test('host, ports and room stand in every line, and no room where the server leads there by itself', () => {
  const at = new URL('http://chat.lan:8080/#dev');
  const server = { room: 'lobby', relay: 'chat', tcp: 9001, udp: 9002, http: 8080 };
  const dev = byTitle(ways(at, server, 'dev'));
  assert.equal(dev['A browser'], 'http://chat.lan:8080/#dev');
  assert.equal(dev.netcat, '(echo /join dev; cat) | nc chat.lan 9001');
  assert.equal(dev.telnet, 'telnet chat.lan 9001');
  assert.equal(dev['UDP, with netcat'], '(echo /join dev; cat) | nc -u chat.lan 9002');
  assert.equal(dev.websocat, '(echo /join dev; cat) | websocat ws://chat.lan:8080/ws');
  assert.equal(dev.wscat, 'npx wscat -c ws://chat.lan:8080/ws');
  assert.equal(dev['chatbridge connect'], 'chatbridge connect --room dev ws://chat.lan:8080/ws');
  assert.match(dev.Python, /"chat\.lan", 9001[^]*b"\/join dev\\n"/);
  const lobby = byTitle(ways(at, server, 'lobby'));
  assert.equal(lobby.netcat, 'nc chat.lan 9001');
  assert.doesNotMatch(Object.values(lobby).join('\n'), /\/join/);
});

test('an IPv6 address is in brackets where it is part of an address, and bare where it stands alone', () => {
  const list = byTitle(ways(new URL('http://[fd00::7]:8080/'), { room: 'lobby', relay: 'chat', tcp: 9999 }, 'lobby'));
  assert.equal(list.netcat, 'nc fd00::7 9999');
  assert.equal(list.wscat, 'npx wscat -c ws://[fd00::7]:8080/ws');
});

test('over https the sockets are safe ones, and the client that speaks no TLS takes the raw line or is left out', () => {
  const at = new URL('https://chat.example/#lobby');
  const list = byTitle(ways(at, { room: 'lobby', relay: 'chat', tcp: 9999 }, 'lobby'));
  assert.equal(list.websocat, 'websocat wss://chat.example/ws');
  assert.equal(list['chatbridge connect'], 'chatbridge connect --room lobby tcp://chat.example:9999');
  assert.equal(byTitle(ways(at, { room: 'lobby', relay: 'chat' }, 'lobby'))['chatbridge connect'], undefined);
});

test('what the server does not listen on is left out, and said', () => {
  const server = { room: 'lobby', relay: 'chat', http: 8080 };
  assert.deepEqual(Object.keys(byTitle(ways(new URL('http://box:8080/'), server, 'lobby'))), ['A browser', 'websocat', 'wscat', 'chatbridge connect']);
  assert.equal(missing(server).length, 2);
  assert.deepEqual(missing({ ...server, tcp: 1, udp: 2 }), []);
});

test('a verbatim relay knows no commands, so none are shown', () => {
  const list = ways(new URL('http://box:8080/'), { room: 'lobby', relay: 'verbatim', tcp: 9999, udp: 9999 }, 'dev');
  assert.doesNotMatch(JSON.stringify(list.slice(1)), /\/join|\/nick|--room/);
});

// ---- in a browser, against the daemon

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());

async function setup(t, { args, context } = {}) {
  const s = await scene(t, browser, { args });
  const ann = await s.person('ann', { room: 'dev', ...context });
  // A line as somebody would run it: in a shell, with a keyboard that stays open.
  const run = (line, options = {}) => {
    const child = track(spawn('bash', ['-c', line], { stdio: ['pipe', 'pipe', 'inherit'], detached: true, ...options }));
    t.after(() => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it has ended */ } });
    const heard = new Inbox(line.split('\n')[0]);
    const splitter = new LineSplitter((text) => heard.push(text));
    child.stdout.on('data', (chunk) => splitter.push(chunk));
    return { heard, type: (text) => child.stdin.write(`${text}\n`) };
  };
  return { ann, run };
}

async function open({ ann }) {
  await ann.page.getByRole('button', { name: 'Invite' }).click();
  const dialog = ann.page.getByRole('dialog', { name: /^Invite to/ });
  await dialog.getByRole('heading', { name: 'netcat', exact: true }).or(dialog.getByRole('heading', { name: 'wscat' })).first().waitFor();
  const shown = await dialog.locator('.way').evaluateAll((all) => all.map((way) => [way.querySelector('h3').textContent, way.querySelector('code').textContent]));
  return { dialog, shown: Object.fromEntries(shown) };
}

for (const title of ['netcat', 'Python', 'UDP, with netcat', 'telnet', 'chatbridge connect']) {
  test(`the line for ${title} leads into the room, and one hears and is heard`, async (t) => {
    const s = await setup(t);
    const { dialog, shown } = await open(s);
    let line = shown[title];
    assert.ok(line, `${title} is shown`);
    if (title === 'Python') {
      const folder = mkdtempSync(join(tmpdir(), 'join-'));
      t.after(() => rmSync(folder, { recursive: true }));
      writeFileSync(join(folder, 'join.py'), line);
      line = `exec python3 ${folder}/join.py`;
    }
    const guest = s.run(line, { env: { ...process.env, PATH: `${dirname(binary())}:${process.env.PATH}` } });
    if (title === 'telnet') {  // as the hint beside it says
      await guest.heard.next('*** you are');
      guest.type('/join dev');
    }
    await dialog.getByRole('button', { name: 'Close invite' }).click();
    await s.ann.people.getByText(/^guest-\d+$/).waitFor();
    guest.type('hello from the outside');
    await s.ann.hears('hello from the outside');
    await s.ann.say('hello inside');
    await guest.heard.next('ann: hello inside');
  });
}

test('a copied line is on the clipboard, as it stands there', async (t) => {
  const s = await setup(t, { context: { permissions: ['clipboard-read', 'clipboard-write'] } });
  const { dialog, shown } = await open(s);
  await dialog.getByRole('button', { name: 'Copy Python' }).click();
  await dialog.getByRole('button', { name: 'Copied Python' }).waitFor();
  assert.equal(await s.ann.page.evaluate(() => navigator.clipboard.readText()), shown.Python);
  await dialog.getByRole('button', { name: 'Copy Python' }).waitFor();
});

test('where nothing can be copied the line is selected, and the reason stands there', async (t) => {
  const s = await setup(t);
  await s.ann.page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    document.execCommand = () => false;
  });
  const { dialog, shown } = await open(s);
  await dialog.getByRole('button', { name: 'Copy telnet' }).click();
  await dialog.getByText(/lets this page copy nothing/).and(dialog.locator('.why')).waitFor();
  assert.equal(await s.ann.page.evaluate(() => getSelection().toString()), shown.telnet);
});

test('a server without raw listeners says so in the panel', async (t) => {
  const s = await setup(t, { args: ['--tcp', 'none', '--udp', 'none'] });
  const { dialog, shown } = await open(s);
  assert.deepEqual(Object.keys(shown), ['A browser', 'websocat', 'wscat', 'chatbridge connect']);
  await dialog.getByText(/takes no raw TCP/).waitFor();
});

test('without a connection the panel says that it cannot know, and knows when it is back', async (t) => {
  const s = await setup(t);
  s.ann.outage = true;
  await s.ann.page.route('**/api/server', (route) => route.abort());
  await s.ann.page.getByRole('button', { name: 'Invite' }).click();
  await s.ann.page.getByText(/could not be asked/).waitFor();
  await s.ann.page.keyboard.press('Escape');
  await s.ann.page.unroute('**/api/server');
  const { shown } = await open(s);
  assert.ok(shown.netcat);
});
