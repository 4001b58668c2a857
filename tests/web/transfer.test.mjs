// What the page costs to load, and what a checker like Lighthouse would find, as far as it can be known without the net.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDaemon } from '../support/daemon.mjs';
import { request } from '../support/http.mjs';
import { within } from '../support/wait.mjs';
import { DEADLINE, Person, launchBrowser } from './browser.mjs';

const BUDGET = 60_000;   // bytes over the wire until one can write, headers included
const BEFORE_PAINT = 2;  // files that the first paint waits for, beside the document
const LARGEST = 35_000;  // of one file

let browser;
let daemon;
before(async () => { [browser, daemon] = await Promise.all([launchBrowser(), startDaemon()]); });
after(async () => {
  await browser?.close();
  await daemon?.stop();
});
const url = (path = '/') => `http://127.0.0.1:${daemon.http}${path}`;

/** What a page asks for and gets, as the browser's network service counts it. */
class Traffic {
  requests = new Map();  // id -> {url, status, bytes}
  #looks = [];

  static async of(page) {
    const traffic = new Traffic();
    const { requests } = traffic;
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Network.enable');
    const at = (id) => requests.get(id) ?? requests.set(id, {}).get(id);
    cdp.on('Network.requestWillBeSent', ({ requestId, request: { url: asked } }) => { at(requestId).url = asked; });
    cdp.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode, headers }) => Object.assign(at(requestId), { status: statusCode, headers }));
    cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      at(requestId).bytes = encodedDataLength;
      traffic.#looks.forEach((look) => look());
    });
    return traffic;
  }

  async came(path) {
    const isThere = () => this.all.some(({ url: asked, bytes }) => new URL(asked).pathname === path && bytes !== undefined);
    await within(new Promise((resolve) => {
      this.#looks.push(() => { if (isThere()) resolve(); });
      if (isThere()) resolve();
    }), () => `${path} comes`, DEADLINE);
  }

  get all() { return [...this.requests.values()].filter((each) => each.url && !each.url.startsWith('data:')); }

  get bytes() { return this.all.reduce((sum, { bytes = 0 }) => sum + bytes, 0); }

  table() {
    return this.all.map(({ url: asked, status, bytes }) => `${bytes ?? '-'} ${status ?? '-'} ${new URL(asked).pathname}`).join('\n');
  }
}

async function open(t, options) {
  const person = await Person.open(browser, 'about:blank', options);
  t.after(() => person.close());
  return person;
}

const imports = (text) => [...text.matchAll(/^(?:import|export)\b(?:[^'"();=]*\bfrom)?\s*(['"])([^'"]+)\1/gm)].map((match) => match[2]);

// Every module that the page needs to begin, by following imports as a browser does.
async function moduleGraph(document) {
  const found = new Set([...document.matchAll(/<script type="module"[^>]* src="([^"]+)"/g)].map((match) => match[1]));
  const entries = new Set(found);
  for (const path of found) {
    const { status, body } = await request(daemon.http, path);
    assert.equal(status, 200, path);
    for (const reference of imports(body)) found.add(new URL(reference, url(path)).pathname);
  }
  return [...found].filter((path) => !entries.has(path)).sort();
}

test('a module that a script imports from elsewhere is loaded ahead, and nothing else is', async () => {
  const { body } = await request(daemon.http, '/');
  const listed = [...body.matchAll(/<link rel="modulepreload" href="([^"]+)">/g)].map((match) => match[1]);
  const wanted = await moduleGraph(body);
  assert.deepEqual(listed, wanted, `web/index.html should have\n${wanted.map((path) => `  <link rel="modulepreload" href="${path}">`).join('\n')}\n`);
});

// What browsers take: brotli from a secure context and this machine, gzip from everywhere.
for (const [accepted, coding] of [['gzip, deflate, br, zstd', 'br'], ['gzip, deflate', 'gzip']]) {
  test(`one can write after less than ${BUDGET / 1000} KB, by ${coding}`, async (t) => {
    const ann = await open(t, { extraHTTPHeaders: { 'Accept-Encoding': accepted } });
    const traffic = await Traffic.of(ann.page);
    await ann.page.goto(url());
    await ann.enter('');
    await ann.say('here I am');
    await ann.hears('here I am');
    t.diagnostic(`${traffic.all.length} requests, ${traffic.bytes} bytes`);
    assert.ok(traffic.bytes < BUDGET, `${traffic.bytes} bytes:\n${traffic.table()}`);
    const sent = traffic.all.filter(({ status }) => status === 200);
    for (const { url: asked, headers, bytes } of sent) {
      assert.equal(new URL(asked).origin, new URL(url()).origin, 'nothing comes from elsewhere');
      assert.ok(bytes < LARGEST, `${asked}: ${bytes}`);
      if (!asked.includes('/api/')) assert.equal(headers['Content-Encoding'], coding, asked);
    }
    assert.equal(new Set(sent.map(({ url: asked }) => asked)).size, sent.length, `nothing is sent twice:\n${traffic.table()}`);
  });
}

test('a reload asks for every file again, and is sent none of them', async (t) => {
  const ann = await open(t);
  const first = await Traffic.of(ann.page);
  await ann.page.goto(url());
  await ann.enter('');
  await first.came('/favicon.svg');  // asked for when all else is there
  const traffic = await Traffic.of(ann.page);
  await ann.page.reload();
  await ann.is('connected');
  const files = traffic.all.filter(({ url: asked, bytes }) => bytes !== undefined && !asked.includes('/api/'));
  assert.ok(files.length >= 3);
  for (const { url: asked, status } of files) assert.equal(status, 304, asked);
  const bytes = files.reduce((sum, each) => sum + each.bytes, 0);
  t.diagnostic(`${files.length} files, ${bytes} bytes`);
  assert.ok(bytes < 5_000, traffic.table());
});

const painted = () => new Promise((resolve) => {
  new PerformanceObserver((list) => resolve(list.getEntries().map(({ name }) => name))).observe({ type: 'paint', buffered: true });
});

test('the first paint needs two files at most beside the document, and the modules are not among what it waits for', async (t) => {
  const ann = await open(t);
  await ann.page.goto(url());
  await ann.page.evaluate(painted);
  const blocking = await ann.page.evaluate(() => performance.getEntriesByType('resource')
    .filter((entry) => entry.renderBlockingStatus === 'blocking').map((entry) => new URL(entry.name).pathname));
  assert.ok(blocking.includes('/style.css') && blocking.length <= BEFORE_PAINT, `waits for ${blocking}`);

  // Held back, all the others change nothing: something with words in it is seen.
  const held = [];
  const bob = await open(t, { viewport: { width: 360, height: 740 } });
  await bob.page.route('**', (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/' || blocking.includes(pathname)) return route.continue();
    return held.push(route);
  });
  await bob.page.goto(url(), { waitUntil: 'commit' });
  await bob.page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
  await bob.page.locator('.frame').getByText('loading').waitFor();
  assert.ok(held.some((route) => route.request().url().endsWith('/js/app.js')));
  for (const route of held) await route.continue();
  await bob.page.getByRole('textbox', { name: 'Nickname' }).waitFor();
  await bob.page.locator('.frame').waitFor({ state: 'hidden' });
});

test('the page says what it is: language, title, description, width, and nothing that a browser objects to', async (t) => {
  const ann = await open(t);
  const objections = [];
  ann.page.on('console', (line) => { if (line.type() === 'warning') objections.push(line.text()); });
  const cdp = await ann.context.newCDPSession(ann.page);
  cdp.on('Audits.issueAdded', ({ issue }) => {
    // Chromium knows no autocomplete="nickname", HTML does.
    if (issue.details.genericIssueDetails?.errorType !== 'FormInputHasWrongButWellIntendedAutocompleteValueError') objections.push(JSON.stringify(issue));
  });
  await cdp.send('Audits.enable');
  await ann.page.goto(url());
  await ann.enter('');
  const said = await ann.page.evaluate(() => {
    const content = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';
    return { mode: document.compatMode, charset: document.characterSet, lang: document.documentElement.lang, title: document.title,
      description: content('description'), viewport: content('viewport'),
      ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
      smallest: Math.min(...[...document.querySelectorAll('body *')].filter((each) => each.innerText?.trim() && each.checkVisibility()).map((each) => parseFloat(getComputedStyle(each).fontSize))),
      widest: document.documentElement.scrollWidth - innerWidth };
  });
  assert.deepEqual([said.mode, said.charset, said.lang], ['CSS1Compat', 'UTF-8', 'en']);
  assert.match(said.title, /chatbridge/);
  assert.ok(said.description.length >= 20 && said.description.length <= 160);
  assert.match(said.viewport, /width=device-width, initial-scale=1\b/);
  assert.doesNotMatch(said.viewport, /user-scalable|maximum-scale/);
  assert.equal(new Set(said.ids).size, said.ids.length, 'ids are unique');
  assert.ok(said.smallest >= 11, `text of ${said.smallest} px`);
  assert.ok(said.widest <= 0);
  assert.deepEqual(objections, []);
});

test('nothing moves while the page comes in', async (t) => {
  const ann = await open(t);
  await ann.page.goto(url());
  await ann.enter('');
  await ann.page.reload();
  await ann.is('connected');
  const shift = await ann.page.evaluate(() => new Promise((resolve) => {
    let sum = 0;
    const observer = new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value; });
    observer.observe({ type: 'layout-shift', buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
  }));
  assert.ok(shift < 0.1, `layout shift of ${shift}`);
});

test('without scripts the page says what to do', async (t) => {
  const ann = await open(t, { javaScriptEnabled: false });
  await ann.page.goto(url(), { timeout: DEADLINE });
  await ann.page.locator('.noscript', { hasText: 'This page needs JavaScript' }).waitFor();
  assert.equal(await ann.page.locator('.frame').isVisible(), false, 'and does not say that it is loading');
});
