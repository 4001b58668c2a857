// Being told: badges, the title, notifications, mute. On the page in Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser('--host-resolver-rules=MAP chat.lan 127.0.0.1'); });
after(() => browser?.close());

// The page in the hands of the test: whether somebody looks, and what notifications are made. `permission` is what the browser says when asked.
const watched = (permission = 'granted') => ({
  prepare: (person) => person.context.addInitScript((answer) => {
    let hidden = false;
    Object.defineProperty(document, 'visibilityState', { get: () => (hidden ? 'hidden' : 'visible') });
    Object.assign(globalThis, {
      look(seen) { hidden = !seen; document.dispatchEvent(new Event('visibilitychange')); },
      notes: [], asked: 0,
      Notification: class {
        static permission = sessionStorage.getItem('permission') ?? (answer === 'denied' ? 'denied' : 'default');
        static async requestPermission() {
          globalThis.asked += 1;
          sessionStorage.setItem('permission', answer);
          this.permission = answer;
        }
        constructor(title, { body, tag }) { globalThis.notes.push(Object.assign(this, { title, body, tag, closed: false })); }
        close() { this.closed = true; this.onclose?.(); }
      },
    });
  }, permission),
});
const look = (person, seen) => person.page.evaluate((value) => globalThis.look(value), seen);
const notes = (person) => person.page.evaluate(() => globalThis.notes.map(({ title, body, closed }) => ({ title, body, closed })));
const noted = (person, body) => person.page.waitForFunction((wanted) => globalThis.notes.some((note) => note.body === wanted), body);
const titled = (person, title) => person.page.waitForFunction((wanted) => document.title === wanted, title);
const sign = (person) => person.page.evaluate(() => document.querySelector('link[rel="icon"]').getAttribute('href'));
const desktop = (person) => person.page.getByRole('checkbox', { name: /Notifications/ });

async function settings(person, use) {
  await person.page.locator('#me').click();
  await use();
  await person.page.keyboard.press('Escape');
  await person.page.locator('#settings').waitFor({ state: 'hidden' });
}
const turnOn = (person) => settings(person, async () => {
  await desktop(person).click();
  await noted(person, 'You will be told here of mentions and direct messages.');
  assert.ok(await desktop(person).isChecked());
});

/** Ann on the page, in dev and looking at the lobby, where bob is. */
async function beside(t) {
  const s = await scene(t, browser);
  const ann = await s.person('ann', { room: 'dev', ...watched() });
  await ann.say('/join lobby');
  const bob = await s.tcp('bob');
  await ann.people.getByText('bob', { exact: true }).waitFor();
  return { s, ann, bob };
}

test('a room where one was named shows it, until one looks', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann', { room: 'dev' });
  await ann.say('/join lobby');
  const bob = await s.tcp('bob');
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  await bob.say('plain');
  await ann.rooms.getByRole('button', { name: 'lobby 1 unread', exact: true }).waitFor();
  await titled(ann, 'dev · chatbridge');
  await bob.say('hello ＡＮＮ!');
  await bob.say('annual is no name of hers');
  await ann.rooms.getByRole('button', { name: 'lobby 3 unread, 1 mention', exact: true }).waitFor();
  await ann.rooms.getByText('@1', { exact: true }).waitFor();
  await titled(ann, '(1) dev · chatbridge');
  assert.equal(await sign(ann), '/favicon-waiting.svg');
  await ann.rooms.getByRole('button', { name: /^lobby/ }).click();
  await titled(ann, 'lobby · chatbridge');
  assert.equal(await sign(ann), '/favicon.svg');
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).waitFor();
});

test('while nobody looks, the title counts and nothing pops up unasked', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann', watched());
  const bob = await s.tcp('bob');
  await look(ann, false);
  await bob.say('ann: one');
  await bob.say('ann: two');
  await bob.say('/msg ann three');
  await titled(ann, '(3) lobby · chatbridge');
  assert.deepEqual(await notes(ann), []);
  assert.equal(await ann.page.evaluate(() => globalThis.asked), 0, 'and no permission is asked for');
  await look(ann, true);
  await titled(ann, '(1) lobby · chatbridge');
  await ann.page.getByRole('button', { name: 'bob 1 unread' }).click();
  await titled(ann, 'bob · chatbridge');
});

test('notifications of mentions and direct messages, and a click leads there', async (t) => {
  const { ann, bob } = await beside(t);
  await turnOn(ann);
  assert.equal(await ann.page.evaluate(() => globalThis.asked), 1);
  await bob.say('ann, you see this');
  await ann.hears('ann, you see this');
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  await bob.say('nobody is meant');
  await bob.say('over here, ann');
  await noted(ann, 'over here, ann');
  await bob.say('/msg ann psst');
  await noted(ann, 'psst');
  const [, mention, direct, ...more] = await notes(ann);
  assert.deepEqual([mention.title, direct.title, more], ['bob in #lobby', 'bob', []]);

  await ann.page.evaluate(() => globalThis.notes[1].onclick());
  await ann.page.getByRole('heading', { name: 'lobby', exact: true }).waitFor();
  await ann.page.evaluate(() => globalThis.notes[2].onclick());
  await ann.page.getByRole('heading', { name: 'bob', exact: true }).waitFor();
  assert.ok((await notes(ann)).slice(1).every(({ closed }) => closed));

  await ann.page.reload();
  await ann.is('connected');
  await look(ann, false);
  await bob.say('/msg ann still on?');
  await noted(ann, 'still on?');
  await look(ann, true);
  await ann.page.waitForFunction(() => globalThis.notes.every((note) => note.closed), undefined);

  await settings(ann, () => desktop(ann).uncheck());
  await look(ann, false);
  await bob.say('/msg ann and off');
  await titled(ann, '(1) bob · chatbridge');
  assert.equal((await notes(ann)).length, 1);
});

test('a place that is muted is quiet, and stays so', async (t) => {
  const { ann, bob } = await beside(t);
  await turnOn(ann);
  const bell = ann.page.getByRole('button', { name: 'Mute lobby' });
  await bell.click();
  await ann.page.getByRole('button', { name: 'Mute lobby', pressed: true }).waitFor();
  await ann.page.reload();
  await ann.is('connected');
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  await bob.say('ann, hush');
  await ann.rooms.getByRole('button', { name: 'lobby 1 unread, 1 mention' }).waitFor();
  await ann.rooms.getByRole('listitem').filter({ hasText: 'lobby' }).and(ann.page.locator('.muted')).waitFor();
  await bob.say('/msg ann psst');
  await noted(ann, 'psst');
  await titled(ann, '(1) dev · chatbridge');
  assert.equal((await notes(ann)).length, 1, 'the direct message alone');
  await ann.rooms.getByRole('button', { name: /^lobby/ }).click();
  await bell.click();
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  await bob.say('ann, speak');
  await noted(ann, 'ann, speak');
});

test('what is seen in one tab is seen in all', async (t) => {
  const { s, ann, bob } = await beside(t);
  const first = { page: ann.page };
  await look(first, false);
  await ann.newPage(s.url('dev'));
  await ann.is('connected');
  await bob.say('ann, where are you?');
  await titled(first, '(1) lobby · chatbridge');
  await titled(ann, '(1) dev · chatbridge');
  await look(first, true);
  await titled(ann, 'dev · chatbridge');
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).waitFor();
});

test('where notifications were denied the setting is out of reach and says why', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann', watched('denied'));
  await settings(ann, async () => {
    assert.ok(await desktop(ann).isDisabled());
    await ann.page.getByText('This browser does not allow it for this page.').waitFor();
    assert.match(await desktop(ann).evaluate((box) => document.getElementById(box.getAttribute('aria-describedby')).textContent), /does not allow/);
  });
});

test('who says no when asked is left alone', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann', { prepare: async (person) => {
    await watched().prepare(person);
    await person.context.addInitScript(() => { Notification.requestPermission = async function refuse() { this.permission = 'denied'; }; });
  } });
  await settings(ann, async () => {
    await desktop(ann).click();
    await ann.page.getByText('This browser does not allow it for this page.').waitFor();
    assert.equal(await desktop(ann).isChecked(), false);
  });
});

test('on plain http to another machine the setting says what is missing, and all else works', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann', { host: 'chat.lan' });
  assert.equal(await ann.page.evaluate(() => isSecureContext), false);
  await settings(ann, async () => {
    assert.ok(await desktop(ann).isDisabled());
    await ann.page.getByText('Browsers show them only for pages that come over https').waitFor();
  });
  const bob = await s.tcp('bob');
  await ann.say('/join dev');
  await bob.say('ann!');
  await titled(ann, '(1) dev · chatbridge');
});

test('the browser\'s own notifications take what they are given', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann');
  await ann.context.grantPermissions(['notifications']);
  await ann.page.reload();
  await ann.is('connected');
  await settings(ann, async () => {
    await desktop(ann).click();
    await ann.page.waitForFunction(() => JSON.parse(localStorage.getItem('chatbridge.alerts'))?.desktop === true);
    assert.ok(await desktop(ann).isChecked());
    assert.ok(await desktop(ann).isEnabled());
  });
});

test('a sound is made when it is wanted', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann', { prepare: (person) => person.context.addInitScript(() => {
    globalThis.played = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function counted(...how) { globalThis.played += 1; return start.apply(this, how); };
  }) });
  const bob = await s.tcp('bob');
  const played = () => ann.page.evaluate(() => globalThis.played);
  await bob.say('/msg ann one');
  await ann.page.getByRole('button', { name: 'bob 1 unread' }).waitFor();
  await settings(ann, () => ann.page.getByRole('checkbox', { name: 'A short sound' }).check());
  assert.equal(await played(), 2, 'to hear what it is like');
  await ann.page.evaluate(() => { const { now } = Date; Date.now = () => now() + 10_000; });  // sounds keep a distance
  await bob.say('/msg ann two');
  await ann.page.waitForFunction(() => globalThis.played === 4);
});

test('where many people are they can be searched, by key', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann');
  const find = ann.page.getByRole('searchbox', { name: 'Find people' });
  await find.waitFor({ state: 'hidden' });
  for (const nick of ['Zoë', 'Łukasz', ...Array.from({ length: 10 }, (_, i) => `p${i}`)]) await s.tcp(nick);
  await find.fill('ZO');
  await ann.people.getByRole('listitem').nth(1).waitFor({ state: 'hidden' });
  assert.deepEqual(await ann.people.getByRole('listitem').evaluateAll((all) => all.map((each) => each.dataset.nick)), ['Zoë']);
  await ann.people.getByText('tcp').waitFor();
  await find.press('ArrowDown');
  assert.equal(await ann.page.evaluate(() => document.activeElement.dataset.write), 'Zoë');
  await find.focus();
  await find.press('Escape');
  await ann.people.getByText('Łukasz').waitFor();
  await find.fill('nobody');
  await ann.page.getByText('Nobody of that name').waitFor({ state: 'attached' });
});

test('in a crowd whose names are not listed the server is asked', async (t) => {
  const s = await scene(t, browser, { args: ['--set', 'presence.max=5'] });
  const ann = await s.person('');
  for (const nick of ['Zoë', 'zorro', ...Array.from({ length: 10 }, (_, i) => `p${i}`)]) await s.tcp(nick);
  await ann.page.getByText('names are not listed').waitFor();
  await ann.page.getByRole('searchbox', { name: 'Find people' }).fill('zo');
  await ann.people.getByRole('listitem').nth(1).waitFor();
  assert.deepEqual(await ann.people.getByRole('listitem').evaluateAll((all) => all.map((each) => each.dataset.nick)), ['Zoë', 'zorro']);
  await ann.people.getByRole('button', { name: 'zorro' }).click();
  await ann.page.getByRole('heading', { name: 'zorro', exact: true }).waitFor();
});
