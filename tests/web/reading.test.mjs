// Reading in Chromium against the built program: scrolling back, what was unread, what is read aloud, names, links and lines between.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { isInSight, lines, scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());
const setup = (t, options) => scene(t, browser, options);

const button = (person, name) => person.page.getByRole('button', { name });
const news = (person) => person.page.locator('#news');
const frames = (person, n = 2) => person.page.evaluate(async (count) => { for (let i = 0; i < count; i += 1) await new Promise(requestAnimationFrame); }, n);

/** Where a message stands, from the upper edge of the log. */
const topOf = (person, text) => person.message(text).evaluate((row) => row.getBoundingClientRect().top - row.closest('[role="log"]').getBoundingClientRect().top);

/** Bob has said so many lines, and they are in the room. */
async function spoken(s, count) {
  const bob = await s.tcp('bob');
  const eve = await s.person('eve');
  await bob.write(lines(1, count));
  await eve.hears(`line ${count}.`);
  return bob;
}

/** For a person's `prepare`: asks and answers with older messages go through these, {ask(text, server, page), answer(text, page)}. */
const between = ({ ask = (text, server) => server.send(text), answer = (text, page) => page.send(text) }) => (person) => person.page.routeWebSocket(/\/ws$/, (page) => {
  const server = page.connectToServer();
  const isHistory = (text) => text.includes('"type":"history"');
  page.onMessage((text) => (isHistory(text) ? ask(text, server, page) : server.send(text)));
  server.onMessage((text) => (isHistory(text) ? answer(text, page) : page.send(text)));
});

/** By the key Home, as often as there is something older. */
async function goHome(person) {
  for (let i = 0; i < 20 && !await person.log.getByText('This is the beginning').isVisible(); i += 1) {
    await person.log.focus();
    await person.page.keyboard.press('Home');
    await frames(person, 5);
  }
}

/** Nobody looks at the page, or somebody does again. */
const look = (person, looking) => person.page.evaluate((focused) => {
  document.hasFocus = () => focused;
  dispatchEvent(new Event(focused ? 'focus' : 'blur'));
}, looking);

test('who scrolls up gets older messages by themselves, to the beginning, and the message under the eye stays where it is', async (t) => {
  const s = await setup(t);
  await spoken(s, 600);
  // Answers with older messages wait until the test lets them through.
  const held = [];
  const ann = await s.person('ann', { prepare: between({ answer: (text, page) => held.push(() => page.send(text)) }) });
  await ann.hears('line 600.');
  const beginning = ann.log.getByText('This is the beginning of #lobby');
  for (let round = 0; round < 10; round += 1) {
    await ann.log.evaluate((log) => { log.scrollTop = Math.min(log.scrollTop, 150); });
    for (let i = 0; i < 500 && !held.length && !await beginning.isVisible(); i += 1) await frames(ann);
    if (await beginning.isVisible()) break;
    assert.equal(held.length, 1, 'older messages were asked for, once');
    await frames(ann, 3);
    const eye = await ann.log.locator('.message').evaluateAll((all) => {
      const log = all[0].closest('[role="log"]').getBoundingClientRect();
      const first = all.find((each) => each.getBoundingClientRect().top >= log.top);
      return first.querySelector('.text').textContent;
    });
    const before = await topOf(ann, eye);
    await ann.log.locator('.top button:disabled').waitFor();
    for (const release of held.splice(0)) release();
    await ann.log.locator('.top button:disabled').waitFor({ state: 'detached' });
    await frames(ann, 3);
    assert.ok(Math.abs(await topOf(ann, eye) - before) <= 2, `${eye} moved from ${before} to ${await topOf(ann, eye)}`);
  }
  await beginning.waitFor();
  assert.deepEqual((await ann.texts()).slice(0, 100), lines(1, 100).trim().split('\n'));
});

test('older messages are there for the keyboard, and when they could not come there is a button', async (t) => {
  const s = await setup(t);
  await spoken(s, 300);
  const refused = JSON.stringify({ type: 'error', code: 'overloaded', message: 'later', room: 'lobby' });
  let refuse = true;
  const ann = await s.person('ann', { prepare: between({ ask: (text, server, page) => (refuse ? page.send(refused) : server.send(text)) }) });
  await ann.hears('line 300.');
  await ann.log.focus();
  await ann.page.keyboard.press('Home');
  await button(ann, 'Show older').waitFor();
  refuse = false;
  await button(ann, 'Show older').focus();
  await ann.page.keyboard.press('Enter');
  await ann.hears('line 240.');
  await goHome(ann);
  await ann.hears('line 1.');
  await ann.log.focus();
  await ann.page.keyboard.press('End');
  await ann.hears('line 300.');
  assert.ok(await isInSight(ann.message('line 300.')));
});

test('older messages are there for the asking, each once and in order', async (t) => {
  const s = await setup(t);
  await spoken(s, 120);
  const ann = await s.person('ann');
  await ann.hears('line 120.');
  await ann.say('/history 1000');
  await goHome(ann);
  await ann.hears('line 1.');
  assert.deepEqual((await ann.texts()).slice(0, 120), Array.from({ length: 120 }, (_, i) => `line ${i + 1}.`));
  await ann.say('/history');
  await ann.notice.getByText('There is nothing older.').waitFor();
});

test('what comes while one reads further up is counted, and one button leads to it', async (t) => {
  const s = await setup(t);
  const bob = await spoken(s, 300);
  const ann = await s.person('ann');
  await ann.hears('line 300.');
  await ann.log.evaluate((log) => { log.scrollTop -= 3000; });
  await button(ann, 'Latest messages').waitFor();
  await frames(ann, 3);
  const eye = await ann.log.evaluate((log) => [...log.querySelectorAll('.message')].find((each) => each.getBoundingClientRect().top >= log.getBoundingClientRect().top + 50).querySelector('.text').textContent);
  const before = await topOf(ann, eye);
  await bob.write(lines(301, 700));
  await button(ann, '400 new messages').waitFor();
  assert.ok(Math.abs(await topOf(ann, eye) - before) <= 2);
  await button(ann, '400 new messages').click();
  await ann.hears('line 700.');
  await button(ann, /new messages|Latest/).waitFor({ state: 'hidden' });
  assert.ok(await isInSight(ann.message('line 700.')));
  await bob.say('and on');
  await ann.hears('and on');
  await frames(ann);
  assert.ok(await isInSight(ann.message('and on')));
});

test('a small step up is a step up: what comes then does not take the reader back, a step down does', async (t) => {
  const s = await setup(t);
  const bob = await spoken(s, 100);
  const ann = await s.person('ann');
  await ann.hears('line 100.');
  await frames(ann, 5);
  const step = (by) => ann.log.evaluate((log, px) => new Promise((resolve) => {
    log.addEventListener('scroll', resolve, { once: true });
    log.scrollTop += px;
  }), by);
  const left = () => ann.log.evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight);
  await step(-30);
  await bob.say('one');
  await button(ann, '1 new message').waitFor();
  assert.ok(await left() > 30);
  await step(await left() - 10);
  await button(ann, '1 new message').waitFor({ state: 'hidden' });
  await bob.say('two');
  await ann.hears('two');
  await frames(ann);
  assert.ok(await left() < 2);
});

test('what was unread stands below a line, from its beginning when it is more than fits', async (t) => {
  const s = await setup(t);
  const bob = await s.tcp('bob');
  const ann = await s.person('ann');
  const line = ann.log.locator('.line.new');
  await bob.say('read');
  await ann.hears('read');
  await ann.say('/join dev');
  await ann.page.getByRole('heading', { name: 'dev', exact: true }).waitFor();
  await bob.write(lines(1, 3));
  await ann.rooms.getByRole('button', { name: /lobby 3 unread/ }).click();
  await line.waitFor();
  const order = await ann.log.locator('.message, .line.new').evaluateAll((all) => all.map((each) => each.querySelector('.text')?.textContent ?? each.textContent));
  assert.deepEqual(order, ['read', 'new messages', 'line 1.', 'line 2.', 'line 3.']);
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).click();
  await ann.hears('line 3.');
  assert.equal(await line.count(), 0, 'once read, it is no longer new');

  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  await bob.write(lines(4, 203));
  await ann.rooms.getByRole('button', { name: /lobby 99\+ unread/ }).click();
  await line.waitFor();
  await frames(ann);
  assert.ok(await isInSight(line));
  assert.ok(await isInSight(ann.message('line 4.')));
  await button(ann, /\d+ new messages/).waitFor();
});

test('what came while nobody looked at the page stands below a line when they are back', async (t) => {
  const s = await setup(t);
  const bob = await s.tcp('bob');
  const ann = await s.person('ann');
  await bob.say('seen');
  await ann.hears('seen');
  await look(ann, false);
  await bob.say('unseen 1');
  await bob.say('unseen 2');
  await ann.hears('unseen 2');
  await ann.log.locator('.line.new').waitFor();
  await ann.rooms.getByRole('button', { name: 'lobby 2 unread' }).waitFor();
  await look(ann, true);
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).waitFor();
  await bob.say('seen again');
  await ann.hears('seen again');
  const order = await ann.log.locator('.message, .line.new').evaluateAll((all) => all.map((each) => each.querySelector('.text')?.textContent ?? each.textContent));
  assert.deepEqual(order, ['seen', 'new messages', 'unseen 1', 'unseen 2', 'seen again']);
});

test('new messages are read aloud without a flood, older ones are not', async (t) => {
  const s = await setup(t);
  const bob = await spoken(s, 300);
  const ann = await s.person('ann');
  await ann.hears('line 300.');
  assert.equal(await ann.log.getAttribute('aria-live'), 'off', 'rows come and go with scrolling, which is no news');
  await ann.page.waitForFunction(() => {
    const log = document.getElementById('log');
    log.scrollTop = 0;
    return log.textContent.includes('line 1.');
  });
  assert.equal(await news(ann).textContent(), '');
  await bob.say('hello there');
  await news(ann).getByText('bob: hello there').waitFor();
  await bob.write(lines(301, 312));
  await news(ann).getByText('12 new messages').waitFor();
  await ann.say('mine');
  await ann.hears('mine');
  await bob.say('/me waves');
  await news(ann).getByText('bob waves').waitFor();
});

test('names and links stand out, and links lead out safely', async (t) => {
  const s = await setup(t);
  const bob = await s.tcp('bob');
  const ann = await s.person('Änne');
  await bob.say('ÄNNE: see (https://a.example/x_(y)), or http://0x7f.1/ or mailto:c@d.example, @bob');
  await bob.say('Ännes and https://ok@evil.example/');
  await ann.hears('Ännes');
  const first = ann.message('ÄNNE: see');
  assert.deepEqual(await first.locator('mark').allTextContents(), ['ÄNNE']);
  assert.ok(await first.evaluate((row) => row.classList.contains('to-you')));
  assert.deepEqual(await first.locator('.text .nick').allTextContents(), ['@bob']);
  const found = await first.locator('.text a').evaluateAll((all) => all.map((a) => [a.textContent, a.href, a.rel, a.target, a.dataset.host ?? null]));
  const out = ['noopener noreferrer nofollow', '_blank'];
  assert.deepEqual(found, [
    ['https://a.example/x_(y)', 'https://a.example/x_(y)', ...out, null],
    ['http://0x7f.1/', 'http://127.0.0.1/', ...out, '127.0.0.1'],
    ['mailto:c@d.example', 'mailto:c@d.example', ...out, null],
  ]);
  const second = ann.message('Ännes');
  assert.equal(await second.locator('mark, a').count(), 0);
  assert.equal(await second.evaluate((row) => row.classList.contains('to-you')), false);
  await ann.say('/nick Zoe');
  await ann.people.getByText('Zoe', { exact: true }).waitFor();
  await first.locator('mark').waitFor({ state: 'detached' });
});

test('who joins and leaves is one sentence, and all names are there for the asking', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const names = ['bob', 'carl', 'dan', 'eve', 'fay', 'gil'];
  const people = [];
  for (const name of names) people.push(await s.tcp(name));
  await ann.log.getByText(/and 4 others joined/).click();
  for (const name of names) await ann.log.locator('.presence p').getByText(name, { exact: true }).waitFor();
  await people[5].close();
  await ann.log.getByText('gil came and went').first().waitFor();
  assert.equal(await ann.log.locator('.line.presence').count(), 1);
});

test('a text of several lines keeps them, and one that runs from right to left does', async (t) => {
  const s = await setup(t);
  const eve = await s.v1({ nick: 'eve' });
  const ann = await s.person('ann');
  await eve.say('first\n  second\n\nfourth');
  await eve.say('שלום, ann: https://a.example/x!');
  await eve.say('x'.repeat(3_000));
  await ann.hears('xxxx');
  assert.equal(await ann.message('fourth').locator('.text').evaluate((text) => text.innerText), 'first\n  second\n\nfourth');
  const hebrew = ann.message('שלום').locator('.text');
  assert.equal(await hebrew.evaluate((text) => getComputedStyle(text).direction), 'rtl');
  assert.ok(await hebrew.evaluate((text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    return text.getBoundingClientRect().right - range.getBoundingClientRect().right < 2;
  }), 'it begins at the right');
  assert.equal(await ann.page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
});

test('what is selected stays selected while more comes', async (t) => {
  const s = await setup(t);
  const bob = await s.tcp('bob');
  const ann = await s.person('ann');
  await bob.write(lines(1, 100));
  await ann.hears('line 100.');
  await ann.message('line 60.').evaluate((row) => getSelection().selectAllChildren(row.querySelector('.text')));
  await bob.write(lines(101, 700));
  await ann.hears('line 700.');
  assert.equal(await ann.page.evaluate(() => getSelection().toString()), 'line 60.');
});
