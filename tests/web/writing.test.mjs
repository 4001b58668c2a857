// The box one writes in, on the page in Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());

const text = (person) => person.box.inputValue();
const options = (person) => person.page.getByRole('listbox', { name: 'Suggestions' }).getByRole('option');
const focused = (person) => person.page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());

// By the browser's own clipboard and key, as a person does it.
async function paste(person, pasted) {
  await person.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await person.page.evaluate((value) => navigator.clipboard.writeText(value), pasted);
  await person.box.focus();
  await person.page.keyboard.press('Control+V');
}

test('Enter sends, Shift+Enter breaks the line, and the box grows with it to a bound', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann');
  const height = () => ann.box.evaluate((box) => box.offsetHeight);
  const one = await height();
  await ann.box.pressSequentially('first');
  await ann.box.press('Shift+Enter');
  await ann.box.pressSequentially('second');
  const two = await height();
  assert.ok(two > one, 'grows');
  await ann.box.press('Enter');
  await ann.hears('first\nsecond');
  assert.deepEqual(await ann.texts(), ['first\nsecond']);
  assert.equal(await height(), one, 'and is small again');
  await ann.box.fill('line\n'.repeat(90));
  assert.ok(await height() < 900 * 0.4);
});

test('on a touch screen Enter breaks the line and the button sends', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person(undefined, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  await ann.page.getByRole('textbox', { name: 'Nickname' }).fill('ann');
  await ann.page.getByRole('button', { name: 'Join' }).tap();
  await ann.is('connected');
  await ann.box.pressSequentially('one');
  await ann.box.press('Enter');
  await ann.box.pressSequentially('two');
  assert.equal(await text(ann), 'one\ntwo');
  assert.equal(await ann.box.getAttribute('enterkeyhint'), 'enter');
  await ann.page.getByRole('button', { name: 'Send', exact: true }).tap();
  await ann.hears('one\ntwo');
  await ann.box.pressSequentially('three');
  await ann.box.press('Control+Enter');
  await ann.hears('three');
});

test('Enter that ends the composition of an input method sends nothing', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann');
  const devtools = await ann.context.newCDPSession(ann.page);
  await ann.box.focus();
  await devtools.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
  await ann.box.press('Enter');
  await ann.box.press('Tab');
  assert.equal(await ann.log.locator('.message').count(), 0);
  // Some browsers tell of the end of it before the key.
  await ann.box.dispatchEvent('keydown', { key: 'Enter', keyCode: 229 });
  assert.equal(await ann.log.locator('.message').count(), 0);
  await ann.box.focus();
  await devtools.send('Input.insertText', { text: '日本' });
  await ann.box.press('Enter');
  await ann.hears('日本');
});

test('Tab completes names, who spoke last first, goes round both ways, and Escape takes it back', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann');
  const bo = await s.tcp('Bo');
  const boris = await s.tcp('boris');
  await s.tcp('Ｂoa');
  for (const [who, said] of [[bo, 'one'], [boris, 'two'], [bo, 'three']]) {
    await who.say(said);
    await ann.hears(said);
  }
  await ann.people.getByText('Ｂoa', { exact: true }).waitFor();
  await ann.box.pressSequentially('bo');
  await ann.box.press('Tab');
  assert.equal(await text(ann), 'Bo: ');
  await options(ann).nth(2).waitFor();
  assert.deepEqual(await options(ann).allTextContents(), ['Bo', 'boris', 'Ｂoa']);
  assert.equal(await ann.box.evaluate((box) => document.getElementById(box.getAttribute('aria-activedescendant')).textContent), 'Bo', 'told to screen readers');
  await ann.box.press('Tab');
  assert.equal(await text(ann), 'boris: ');
  await ann.box.press('Shift+Tab');
  await ann.box.press('Shift+Tab');
  assert.equal(await text(ann), 'Ｂoa: ');
  await ann.box.press('Escape');
  assert.equal(await text(ann), 'bo');
  await options(ann).first().waitFor({ state: 'hidden' });
  await ann.box.press('Tab');
  assert.equal(await focused(ann), 'Send', 'after Escape, Tab leads out');
  await ann.box.focus();
  await ann.box.press('End');
  await ann.box.pressSequentially('r');
  await ann.box.press('Tab');
  assert.equal(await text(ann), 'boris: ', 'and completes again when something was written');
});

test('where there is nothing to complete Tab leads out of the box, and Shift+Tab back', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann');
  for (const typed of ['', 'nobody-of-that-name', 'a word ']) {
    await ann.box.fill(typed);
    await ann.box.press('Tab');
    assert.equal(await focused(ann), 'Send');
    await ann.page.keyboard.press('Shift+Tab');
    assert.equal(await focused(ann), 'message');
  }
  await ann.box.press('Shift+Tab');
  assert.notEqual(await focused(ann), 'message');
});

test('a slash shows the commands, by key, by arrow and by pointer', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann', { room: 'dev' });
  await ann.say('/join lobby');
  await ann.page.getByRole('heading', { name: 'lobby', exact: true }).waitFor();
  await ann.box.pressSequentially('/j');
  await options(ann).filter({ hasText: '/join' }).waitFor();
  await ann.box.press('Tab');
  assert.equal(await text(ann), '/join ');
  await ann.box.pressSequentially('d');
  await options(ann).filter({ hasText: 'dev' }).click();
  assert.equal(await text(ann), '/join dev');
  assert.equal(await focused(ann), 'message');
  await ann.box.press('Enter');
  await ann.page.getByRole('heading', { name: 'dev', exact: true }).waitFor();
  await ann.box.pressSequentially('/');
  await ann.box.press('ArrowDown');
  await ann.box.press('ArrowDown');
  await ann.box.press('Enter');
  assert.equal(await text(ann), '/join ', 'what the arrows chose is taken, not sent');
  await ann.box.fill('');
  await ann.box.pressSequentially('/wh');
  await ann.box.press('Enter');
  await ann.notice.getByText('There is no command /wh').waitFor();
});

test('Up brings back what was written, place by place, and Down the draft', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann', { room: 'dev' });
  await ann.say('in dev');
  await ann.say('/join lobby');
  await ann.page.getByRole('heading', { name: 'lobby', exact: true }).waitFor();
  for (const each of ['one', 'two\nlines']) await ann.say(each);
  await ann.box.pressSequentially('a draft');
  await ann.box.press('ArrowUp');
  assert.equal(await text(ann), 'two\nlines');
  await ann.box.press('ArrowUp');
  assert.equal(await text(ann), 'two\nlines', 'first to the upper line of it');
  await ann.box.press('ArrowUp');
  assert.equal(await text(ann), 'one');
  await ann.box.press('ArrowUp');
  assert.equal(await text(ann), 'one', 'that was all here');
  for (const expected of ['two\nlines', 'a draft', 'a draft']) {
    await ann.box.press('ArrowDown');
    assert.equal(await text(ann), expected);
  }
  await ann.box.fill('word '.repeat(200));
  await ann.box.press('ArrowUp');
  assert.equal(await text(ann), 'word '.repeat(200), 'in a long line the caret goes up');
});

test('near the limit the bytes that are left are shown, and when it is too much', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann');
  const counter = ann.page.locator('#counter');
  await ann.box.fill('x'.repeat(3000));
  await counter.waitFor({ state: 'hidden' });
  await ann.box.fill('ä'.repeat(2000));
  await counter.getByText('96 bytes left').waitFor();
  await ann.box.fill('ä'.repeat(2049));
  await counter.getByText('2 bytes too long').waitFor();
  assert.equal(await ann.box.getAttribute('aria-invalid'), 'true');
  await ann.box.fill('x\n'.repeat(98) + 'x');
  await counter.getByText('1 line left').waitFor();
  await ann.box.press('Enter');
  await counter.waitFor({ state: 'hidden' });
});

test('the limits are the server\'s', async (t) => {
  const s = await scene(t, browser, { args: ['--set', 'limits.message_bytes=100'] });
  const ann = await s.person('ann');
  await ann.box.fill('x'.repeat(90));
  await ann.page.locator('#counter').getByText('10 bytes left').waitFor();
});

test('several lines that are pasted ask what they are to be, and lose nothing', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann');
  const bar = ann.page.getByRole('group', { name: '3 lines pasted' });
  const lines = 'one\n/quit\n\nthree';
  await paste(ann, 'a single line\n');
  await bar.waitFor({ state: 'hidden' });
  await ann.box.fill('');

  await paste(ann, 'one\ntwo\nthree');
  await bar.getByRole('button', { name: 'Edit first' }).click();
  await bar.waitFor({ state: 'hidden' });
  assert.equal(await text(ann), 'one\ntwo\nthree');
  assert.equal(await focused(ann), 'message');
  await ann.box.fill('');

  await paste(ann, 'one\ntwo\nthree');
  await ann.box.press('Escape');
  await bar.waitFor({ state: 'hidden' });
  assert.equal(await text(ann), 'one\ntwo\nthree');
  await ann.box.fill('');

  await paste(ann, 'one\ntwo\nthree');
  await bar.getByRole('button', { name: 'Send as one message' }).click();
  await ann.hears('one\ntwo\nthree');

  await paste(ann, lines);
  await ann.page.getByRole('button', { name: 'Send as 3 messages' }).click();
  await ann.message('/quit', 'sent').waitFor();
  await ann.page.waitForFunction(() => document.querySelectorAll('[role="log"] .message[data-seq]').length === 4);
  assert.deepEqual(await ann.texts(), ['one\ntwo\nthree', 'one', '/quit', 'three'], 'a pasted line is no command');
  await ann.is('connected');

  await paste(ann, 'fine\n/login hunter2');
  await ann.page.getByRole('button', { name: 'Send as 2 messages' }).click();
  await ann.notice.getByText('Nothing was sent').waitFor();
  assert.equal(await text(ann), 'fine\n/login hunter2');
});

test('what was pasted and is too long for one message goes as several that fit', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann');
  await paste(ann, Array.from({ length: 150 }, (_, i) => `line ${i}`).join('\n'));
  await ann.page.getByRole('button', { name: 'Send as one message' }).waitFor({ state: 'hidden' });
  await ann.page.getByRole('button', { name: 'Send as 2 messages' }).click();
  await ann.hears('line 149');
  assert.equal((await ann.texts()).join('\n').split('\n').length, 150);
});

test('drafts stay with their place, over a reload and over a closed tab, but what is for one person not longer than the tab', async (t) => {
  const s = await scene(t, browser);
  const ann = await s.person('ann', { room: 'dev' });
  await s.tcp('bob');
  await ann.box.pressSequentially('for dev');
  await ann.page.getByRole('textbox', { name: 'Go to' }).fill('lobby');
  await ann.page.getByRole('textbox', { name: 'Go to' }).press('Enter');
  await ann.page.getByRole('heading', { name: 'lobby', exact: true }).waitFor();
  assert.equal(await text(ann), '');
  await ann.box.pressSequentially('for the lobby');
  await ann.people.getByRole('button', { name: 'bob' }).click();
  await ann.page.getByRole('heading', { name: 'bob', exact: true }).waitFor();
  await ann.box.pressSequentially('for bob');
  await ann.page.reload();
  await ann.is('connected');
  assert.equal(await text(ann), 'for bob');
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  assert.equal(await text(ann), 'for dev');
  await ann.say('for dev');
  await ann.hears('for dev');
  await ann.page.close();
  await ann.newPage(s.url('lobby'));
  await ann.is('connected');
  assert.equal(await text(ann), 'for the lobby');
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  assert.equal(await text(ann), '', 'what was sent is no draft');
  assert.ok(!(await ann.page.evaluate(() => JSON.stringify({ ...localStorage }))).includes('for bob'));
});

test('what failed can be edited without losing what stands in the box', async (t) => {
  const s = await scene(t, browser, { args: ['--set', 'limits.message_bytes=20'] });
  const ann = await s.person('ann');
  await ann.say('this is longer than twenty bytes');
  await ann.box.pressSequentially('draft');
  await ann.log.getByRole('button', { name: 'Edit' }).click();
  assert.equal(await text(ann), 'draft\nthis is longer than twenty bytes');
});
