// The page for people who do not use a mouse, do not see it as drawn, or need it larger.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';
import { everyState } from './states.mjs';

const WIDE = [1440, 900];
const PHONE = [360, 740];

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());

async function setup(t, nick, options) {
  const s = await scene(t, browser);
  const person = await s.person(nick, options);
  return { person, page: person.page, bob: await s.tcp('bob'), keyboard: person.page.keyboard };
}

// ---- by keyboard alone

// What has the focus: its name, whether that can be seen, whether it lies open, how large it is.
function focused() {
  const element = document.activeElement;
  if (element === document.body) return null;
  const frame = element.closest('.composer') ?? element;
  const drawn = (target) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(target);
    return (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && !/, 0\)$/.test(outlineColor)) || boxShadow !== 'none';
  };
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const { width, height } = (element.closest('label') ?? element).getBoundingClientRect();  // a click on a label is one on its box
  const at = document.elementFromPoint((left + right) / 2, Math.min((top + bottom) / 2, innerHeight - 1));
  return {
    tag: element.tagName,
    key: `${element.id} ${(element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent).trim().slice(0, 60)}`,
    visible: element.matches(':focus-visible') && (drawn(element) || drawn(frame)),
    open: element.contains(at), inside: left >= 0 && right <= innerWidth && top < innerHeight && bottom > 0,
    large: width >= 24 && height >= 24,
  };
}

// Tab from here on, until the focus leaves the page or comes round.
async function tour(page) {
  const begun = await page.evaluate(focused);
  const seen = begun?.tag === 'INPUT' ? [begun] : [];
  for (let n = 0; n < 80; n += 1) {
    await page.keyboard.press('Tab');
    const next = await page.evaluate(focused);
    if (!next || seen.some(({ key }) => key === next.key)) break;
    seen.push(next);
  }
  return seen;
}

const onTheBody = (page) => page.evaluate(() => document.activeElement.blur());

for (const [name, size] of [['wide', WIDE], ['phone', PHONE]]) {
  test(`wherever Tab leads the focus is seen, lies open and is no small target, ${name}`, async (t) => {
    const { page, keyboard, bob } = await setup(t, undefined, { viewport: { width: size[0], height: size[1] }, reducedMotion: 'reduce' });
    await keyboard.type('ann');
    await keyboard.press('Enter');
    await page.locator('#message').waitFor();
    await bob.say('hello');
    await page.getByText('hello', { exact: true }).waitFor();
    const dialogs = { main: null, settings: 'settings', invite: 'Invite', shortcuts: 'Control+/', switcher: 'Control+k', rooms: 'Open rooms', people: 'Open people' };
    for (const [what, way] of Object.entries(dialogs)) {
      if (way?.startsWith('Control')) await keyboard.press(way);
      else if (way && await page.getByRole('button', { name: way }).isVisible()) await page.getByRole('button', { name: way }).press('Enter');
      else if (way) continue;
      if (what === 'invite') await page.getByRole('heading', { name: 'telnet' }).waitFor();
      const stops = await tour(page);
      assert.ok(stops.length > 0, `${what}: there is something to stand on`);
      for (const { key, visible, open, inside, large } of stops) assert.ok(visible && open && inside && large, `${what}, ${key}: ${JSON.stringify({ visible, open, inside, large })}`);
      await keyboard.press('Escape');
      await onTheBody(page);
    }
  });
}

test('come in, write, go to rooms, rename, write to a person, leave: all without a mouse', async (t) => {
  const { person, page, keyboard, bob } = await setup(t);
  await keyboard.type('ann');
  await keyboard.press('Enter');
  await person.is('connected');
  await page.waitForFunction(() => document.activeElement.id === 'message');
  await keyboard.type('one');
  await keyboard.press('Shift+Enter');
  await keyboard.type('two');
  await keyboard.press('Enter');
  await bob.hears('two');

  await keyboard.press('Control+k');
  await keyboard.type('dev');
  await page.getByRole('option', { name: /dev/, selected: true }).waitFor();
  await keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'dev' }).waitFor();
  await keyboard.type('written at once');
  await keyboard.press('Enter');
  await person.message('written at once', 'sent').waitFor();

  await keyboard.press('Alt+ArrowUp');
  await page.getByRole('heading', { level: 1, name: 'lobby' }).waitFor();
  await keyboard.press('Alt+ArrowDown');
  await page.getByRole('heading', { level: 1, name: 'dev' }).waitFor();
  await bob.say('unread by now');
  await person.rooms.getByText('1 unread').waitFor();
  await keyboard.press('Alt+Shift+ArrowUp');
  await person.hears('unread by now');

  for (let n = 0; n < 40 && await page.evaluate(() => document.activeElement.id !== 'skip'); n += 1) await keyboard.press('Shift+Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'skip', 'the first stop of all');
  await keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.id === 'message');

  await page.locator('#me').focus();
  await keyboard.press('Enter');
  await keyboard.type('anna');
  await keyboard.press('Enter');
  await bob.next('*** ann is now anna');
  await page.waitForFunction(() => document.activeElement.id === 'me');  // back where one came from

  await person.people.getByRole('button', { name: /bob/ }).focus();
  await keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'bob' }).waitFor();
  await keyboard.type('psst');
  await keyboard.press('Enter');
  await bob.next('*** anna to you: psst');

  await person.rooms.getByRole('button', { name: /^lobby/ }).focus();
  await keyboard.press('ArrowDown');
  await page.waitForFunction(() => document.activeElement.dataset.room === 'dev');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await person.rooms.getByRole('button', { name: 'dev', exact: true }).waitFor({ state: 'detached' });
});

test('the list of shortcuts opens by ? outside of text, by Ctrl and / anywhere, and ? in the box is a question mark', async (t) => {
  const { person, page, keyboard } = await setup(t, 'ann');
  const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await keyboard.type('what?');
  assert.equal(await person.box.inputValue(), 'what?');
  assert.equal(await list.isVisible(), false);
  await keyboard.press('Control+/');
  await list.getByText('Go to a room or person').waitFor();
  await keyboard.press('Escape');
  await list.waitFor({ state: 'hidden' });
  await person.log.focus();
  await keyboard.press('?');
  await list.waitFor();
  await keyboard.press('Escape');
  await page.getByRole('button', { name: /settings/ }).press('Enter');
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).press('Enter');
  await list.waitFor();
});

test('Escape leads from far up to the newest message and back into the box, and closes a notice first', async (t) => {
  const { person, page, keyboard, bob } = await setup(t, 'ann');
  for (let n = 1; n <= 60; n += 1) await bob.say(`line ${n}.`);
  await person.hears('line 60.');
  await keyboard.press('PageUp');
  await page.waitForFunction(() => { const log = document.querySelector('#log'); return log.scrollTop + log.clientHeight < log.scrollHeight - 100; });
  await person.say('/nowhere');
  await person.notice.waitFor();
  await keyboard.press('Escape');
  await person.notice.waitFor({ state: 'hidden' });
  await keyboard.press('Escape');
  await page.waitForFunction(() => { const log = document.querySelector('#log'); return log.scrollTop + log.clientHeight >= log.scrollHeight - 2; });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'message');
});

// ---- larger

// What sticks out of the window or is cut off without a way to it.
function lost() {
  const wrong = [];
  const visible = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
  const modal = document.querySelector('dialog[open]');
  for (const element of visible) {
    if (element.closest('.hidden, svg, .skip') || (modal && !modal.contains(element))) continue;
    const { left, right, width } = element.getBoundingClientRect();
    if (width && (left < -1 || right > innerWidth + 1)) wrong.push(`sticks out: ${element.outerHTML.slice(0, 120)}`);
    if (element.matches('button, label, kbd, h2, h3, .status, .field-hint') && element.scrollWidth > element.clientWidth + 1
      && getComputedStyle(element).display !== 'inline' && !element.querySelector('.hidden')) wrong.push(`is cut: ${element.outerHTML.slice(0, 120)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('the page scrolls sideways');
  const box = document.querySelector('#composer').getBoundingClientRect();
  if (box.height && (box.bottom > innerHeight || document.querySelector('#log').clientHeight < 64)) wrong.push(`no room to write or to read: ${document.querySelector('#log').clientHeight}`);
  return wrong;
}

test('at 200 percent, on a laptop and on a phone turned sideways, nothing is cut off', async (t) => {
  for (const size of [[720, 450], [640, 360]]) {
    for (const [state, found] of await everyState(t, { size }, (page) => page.evaluate(lost))) assert.deepEqual(found, [], `${state} at ${size}`);
  }
});

test('with the text alone at 200 percent nothing is cut off', async (t) => {
  const twice = (page) => page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%')).then(() => page.evaluate(lost));
  for (const size of [WIDE, [768, 1024]]) {
    for (const [state, found] of await everyState(t, { size }, twice)) assert.deepEqual(found, [], `${state} at ${size}`);
  }
});

// ---- drawn otherwise

test('in forced colours focus, state, signs and where one is stay visible', async (t) => {
  const { person, page, keyboard } = await setup(t, 'ann', { forcedColors: 'active' });
  await person.say('mine');
  await person.message('mine', 'sent').waitFor();
  const drawn = (selector, name, pseudo) => page.locator(selector).first().evaluate((element, [property, of]) => getComputedStyle(element, of)[property], [name, pseudo]);
  const ground = await drawn('.room', 'backgroundColor');
  for (const stop of await tour(page)) assert.ok(stop.visible, stop.key);
  for (const icon of ['#open-invite .i', '#me .i', '.send .i, .composer .primary .i']) assert.notEqual(await drawn(icon, 'stroke'), ground, icon);
  assert.notEqual(await drawn('.status .lamp', 'backgroundColor'), ground);
  assert.notEqual(await drawn('.message .tick', 'borderLeftColor'), ground);
  assert.equal(await drawn('.room-link[aria-current]', 'outlineStyle'), 'solid');
  await keyboard.press('Control+k');
  assert.equal(await drawn('[role="option"][aria-selected="true"]', 'outlineStyle'), 'solid');
});

test('with less motion wished for nothing moves, and without the wish something does', async (t) => {
  const moving = (page) => page.evaluate(() => document.getAnimations().length);
  for (const [reducedMotion, some] of [['reduce', false], ['no-preference', true]]) {
    const { person, page } = await setup(t, 'ann', { reducedMotion, viewport: { width: 360, height: 740 } });
    // In the same turn as the click: it is over soon.
    assert.equal(await page.getByRole('button', { name: 'Open people' }).evaluate((button) => {
      button.click();
      return document.getAnimations().length > 0;
    }), some, 'the panel');
    await page.keyboard.press('Escape');
    person.outage = true;
    await page.routeWebSocket(/\/ws$/, (socket) => socket.close());
    await page.reload();
    await person.is('reconnecting');
    assert.equal(await moving(page) > 0, some, 'the lamp');
  }
});
