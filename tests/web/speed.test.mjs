// How long the page makes people wait, in Chromium against the built program: typing beside 50,000 messages, and 10,000 that come at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SLOW } from '../support/wait.mjs';
import { DEADLINE, launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());
// A room that keeps it all, so that nobody misses anything who is slow.
const setup = (t) => scene(t, browser, { args: ['--set', 'room.window_bytes=64MiB'] });

const MANY = 50_000;
const BURST = 10_000;
const BLOCKED = 100 * SLOW;  // ms: longer than this the main thread must never be busy in one piece
const LOADING = 250 * SLOW;  // … while older messages come as fast as they can
const line = (n) => `line ${n}.`;
const lines = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => `${line(from + i)}\n`).join('');
const middle = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/** Notes how long the main thread is busy in one piece, from now on. */
const watch = (person) => person.page.evaluate(() => {
  window.busy = [];
  new PerformanceObserver((list) => window.busy.push(...list.getEntries().map(({ duration }) => Math.round(duration)))).observe({ type: 'longtask' });
});
const busy = (person) => person.page.evaluate(() => window.busy.splice(0));

/** ms from a key to the frame that shows it, for every key of a text. */
async function type(person, text) {
  await person.page.evaluate(() => {
    window.waits = [];
    window.onkeydown = () => {
      const began = performance.now();
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();  // behind the frame
        port1.onmessage = () => window.waits.push(performance.now() - began);
        port2.postMessage(null);
      });
    };
  });
  await person.box.focus();
  for (const key of text) await person.page.keyboard.press(key === ' ' ? 'Space' : key);
  await person.page.waitForFunction((n) => window.waits.length === n, text.length);
  return person.page.evaluate(() => { window.onkeydown = null; return window.waits; });
}

/** Reads back to the first message. */
const toBeginning = (person) => person.page.evaluate(() => new Promise((resolve) => {
  const log = document.querySelector('[role="log"]');
  let frames = 0;
  const step = () => {
    frames += 1;
    if (log.querySelector('.line.top')?.textContent.startsWith('This is the beginning')) return resolve(frames);
    log.scrollTop = 0;
    return requestAnimationFrame(step);
  };
  step();
}));

test('the first of 50,000 messages is reached by scrolling, with few of them on the page, and typing is as quick as beside 50', { timeout: 12 * DEADLINE }, async (t) => {
  const s = await setup(t);
  const bob = await s.tcp('bob');
  const ann = await s.person('ann');
  await bob.write(lines(1, 50));
  await ann.hears(line(50));
  const few = middle(await type(ann, 'the quick brown fox jumps over the lazy dog'));
  await bob.write(lines(51, MANY));
  await ann.message(line(MANY)).first().waitFor({ timeout: 6 * DEADLINE });
  await watch(ann);
  await toBeginning(ann);
  const loading = await busy(ann);
  await ann.hears(line(1));
  const size = await ann.page.evaluate(() => ({ rows: document.querySelectorAll('#list > *').length, height: document.querySelector('[role="log"]').scrollHeight }));
  assert.ok(size.rows <= 400, `${size.rows} rows`);
  assert.ok(size.height > MANY * 15, `room for all of them: ${size.height}`);

  const many = middle(await type(ann, 'the quick brown fox jumps over the lazy dog'));
  t.diagnostic(`a key to its frame: ${few.toFixed(1)} ms beside 50, ${many.toFixed(1)} ms beside 50,000; longest pieces while loading: ${loading.sort((a, b) => b - a).slice(0, 3)}`);
  assert.ok(many <= few + 8 * SLOW, `${few} ms, then ${many} ms`);
  assert.deepEqual((await busy(ann)).filter((ms) => ms > BLOCKED), []);
  assert.deepEqual(loading.filter((ms) => ms > LOADING), []);

  for (const share of [0.5, 0.25, 0.9, 0.1, 1, 0.6, 0]) {
    const seen = await ann.page.evaluate(async (part) => {
      const log = document.querySelector('[role="log"]');
      log.scrollTop = part * log.scrollHeight;
      for (let i = 0; i < 3; i += 1) await new Promise(requestAnimationFrame);
      const { left, top, width, height } = log.getBoundingClientRect();
      const found = document.elementsFromPoint(left + width / 3, top + height / 2).map((each) => each.closest('.message')).find(Boolean);
      return Number(/\d+/.exec(found?.querySelector('.text').textContent ?? '')?.[0] ?? NaN);
    }, share);
    assert.ok(Math.abs(seen - share * MANY) < MANY / 20, `at ${share}: line ${seen}`);
  }
  assert.deepEqual((await busy(ann)).filter((ms) => ms > LOADING), []);
});

for (const where of ['at the end', 'further up']) {
  test(`10,000 messages at once, seen by a reader ${where}: the main thread is never busy for 100 ms in one piece`, { timeout: 6 * DEADLINE }, async (t) => {
    const s = await setup(t);
    const bob = await s.tcp('bob');
    const ann = await s.person('ann');
    await bob.write(lines(1, 300));
    await ann.hears(line(300));
    if (where === 'further up') {
      await ann.log.evaluate((log) => { log.scrollTop -= 3_000; });
      await ann.page.getByRole('button', { name: 'Latest messages' }).waitFor();
    }
    await watch(ann);
    const began = performance.now();
    await bob.write(lines(301, 300 + BURST));
    if (where === 'at the end') await ann.hears(line(300 + BURST));
    else await ann.page.getByRole('button', { name: '10,000 new messages' }).waitFor();
    const took = performance.now() - began;
    await ann.page.evaluate(() => new Promise(requestAnimationFrame));
    const long = (await busy(ann)).sort((a, b) => b - a);
    t.diagnostic(`${Math.round(took)} ms for all of them; longest pieces: ${long.slice(0, 5)}`);
    assert.deepEqual(long.filter((ms) => ms > BLOCKED), []);
  });
}
