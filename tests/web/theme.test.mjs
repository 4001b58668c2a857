// Light, dark, or as the system has it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());

const setup = async (t, options) => (await scene(t, browser)).person('ann', options);

// The lightness of the ground, 0 to 255, and what a phone is told to paint around the page.
const look = (page) => page.evaluate(() => {
  const bars = [...document.querySelectorAll('meta[name="theme-color"]')];
  return {
    ground: Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)[0]),
    around: bars.find(({ media }) => matchMedia(media).matches).content,
    fields: getComputedStyle(document.documentElement).colorScheme,
  };
});

async function choose(ann, name) {
  await ann.page.getByRole('button', { name: /settings/ }).click();
  await ann.page.getByRole('radio', { name }).check();
  await ann.page.keyboard.press('Escape');
}

test('at first the page is as the system is, and goes with it', async (t) => {
  const ann = await setup(t, { colorScheme: 'light' });
  assert.deepEqual(await look(ann.page), { ground: 252, around: '#fcfbf7', fields: 'light dark' });
  await ann.page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await look(ann.page), { ground: 18, around: '#12191c', fields: 'light dark' });
});

test('a theme that was chosen stays, whatever the system says, and is there before anything is painted', async (t) => {
  const ann = await setup(t, { colorScheme: 'light' });
  await choose(ann, 'Dark');
  const dark = { ground: 18, around: '#12191c', fields: 'dark' };
  assert.deepEqual(await look(ann.page), dark);
  await ann.page.addInitScript(() => {
    new PerformanceObserver((list) => { globalThis.firstPaint ??= { at: list.getEntries()[0].startTime, theme: document.documentElement.dataset.theme }; }).observe({ type: 'paint', buffered: true });
    new MutationObserver(() => { globalThis.themed ??= document.documentElement.dataset.theme && performance.now(); }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-theme'] });
  });
  // Held back until all else is there, so that a page that does not wait for it would be painted without.
  await ann.page.route('**/js/theme.js', async (route) => {
    await Promise.all(others);
    await route.continue();
  });
  const others = ['/style.css', '/js/app.js', '/client.js'].map((path) => ann.page.waitForResponse((response) => response.url().endsWith(path)).then((response) => response.finished()));
  await ann.page.reload();
  await ann.is('connected');
  assert.deepEqual(await look(ann.page), dark);
  await ann.page.waitForFunction(() => globalThis.firstPaint);
  const { painted, themed } = await ann.page.evaluate(() => ({ painted: globalThis.firstPaint.at, themed: globalThis.themed }));
  assert.ok(themed <= painted, `themed at ${themed}, painted at ${painted}`);
  await choose(ann, 'System');
  await ann.page.reload();
  assert.equal((await look(ann.page)).ground, 252);
});

test('light is light in a dark system, and other tabs follow', async (t) => {
  const ann = await setup(t, { colorScheme: 'dark' });
  const first = ann.page;
  await ann.newPage(first.url());
  await choose(ann, 'Light');
  const light = { ground: 252, around: '#fcfbf7', fields: 'light' };
  assert.deepEqual(await look(ann.page), light);
  await first.waitForFunction(() => document.documentElement.dataset.theme === 'light');
  assert.deepEqual(await look(first), light);
});

test('a browser that keeps nothing still changes its theme', async (t) => {
  const ann = await setup(t, { colorScheme: 'light' });
  await ann.page.evaluate(() => { Storage.prototype.setItem = () => { throw new Error('full'); }; });
  await choose(ann, 'Dark');
  assert.equal((await look(ann.page)).ground, 18);
});
