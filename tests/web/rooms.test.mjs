// Rooms, addresses and names on the page, in Chromium against the built program.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());
const setup = (t, options) => scene(t, browser, options);

test('the limit of changes of a nick is told as what it is', async (t) => {
  const s = await setup(t, { args: ['--set', 'limits.nick_changes=1'] });
  const ann = await s.person('');
  await ann.say('/nick ann');
  await ann.people.getByText('ann', { exact: true }).waitFor();
  await ann.say('/nick anna');
  await ann.notice.getByText('A nick can be changed 1 times a minute. You are ann.').waitFor();
});

test('several rooms: unread counts, switching, leaving, remembered', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann', { room: 'dev' });
  await ann.say('/join lobby');
  const bob = await s.tcp('bob');
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  await bob.say('one');
  await bob.say('two');
  await ann.rooms.getByRole('button', { name: 'lobby 2 unread' }).click();
  await ann.hears('two');
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).waitFor();
  await ann.page.reload();
  await ann.is('connected');
  await ann.hears('two');
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).waitFor();
  await ann.rooms.getByRole('button', { name: 'Leave lobby' }).click();
  await bob.next('*** ann left');
  await ann.page.getByRole('heading', { name: 'dev', exact: true }).waitFor();
});

test('rooms of others come and go beside one\'s own, for who comes back to the page', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const elsewhere = ann.page.getByRole('list', { name: 'Elsewhere' });
  const bob = await s.tcp('bob', 'release');
  await bob.say('anybody?');
  assert.equal(await elsewhere.getByText('release').count(), 0);
  await ann.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await elsewhere.getByText('release').waitFor();
});

test('until somebody touches the page, addresses lead to one new room at a time, and not for good', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  await ann.newPage(s.url('led-1'));
  await ann.is('connected');
  await ann.page.evaluate(() => { location.hash = '#led-2'; });
  await ann.rooms.getByText('led-2', { exact: true }).waitFor();
  await ann.rooms.getByText('led-1', { exact: true }).waitFor({ state: 'detached' });
  await ann.newPage(s.url());
  await ann.is('connected');
  assert.deepEqual(await ann.rooms.locator('[data-room]').evaluateAll((all) => all.map((each) => each.dataset.room)), ['lobby']);
  await ann.page.evaluate(() => { location.hash = '#led-3'; });
  await ann.rooms.getByText('led-3', { exact: true }).waitFor();
  await ann.page.keyboard.press('Shift');
  await ann.newPage(s.url());
  await ann.rooms.getByText('led-3', { exact: true }).waitFor();
});

test('a name that was wished for offline and is refused is not asked for by any tab any more', async (t) => {
  const s = await setup(t);
  await s.tcp('bob');
  const ann = await s.person('ann');
  await ann.say('/quit');
  await ann.is('offline');
  await ann.say('/nick bob');
  await ann.page.getByRole('button', { name: 'Connect' }).click();
  await ann.notice.getByText('The name bob is taken. You are ann.').waitFor();
  assert.equal(await ann.page.evaluate(() => localStorage.getItem('chatbridge.nick')), 'ann');
});

test('an address that can be no room is told', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann', { room: 'dev' });
  await ann.page.evaluate(() => { location.hash = '#bad room!'; });
  await ann.notice.getByText('The address leads to no room.').waitFor();
});

test('the same name twice: the second is told and is a guest', async (t) => {
  const s = await setup(t);
  await s.person('ann');
  const second = await s.person();
  await second.page.getByRole('textbox', { name: 'Nickname' }).fill('ann');
  await second.page.getByRole('button', { name: 'Join' }).click();
  await second.notice.getByText(/The name ann is taken\. You are guest-\d+/).waitFor();
  await second.page.getByRole('button', { name: 'settings' }).click();
  await second.page.getByRole('textbox', { name: 'Nickname' }).fill('anne');
  await second.page.getByRole('button', { name: 'Change', exact: true }).click();
  await second.people.getByText('anne', { exact: true }).waitFor();
});
