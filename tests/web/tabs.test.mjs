// Several tabs of one browser are one person.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { networkOf, scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());
const setup = (t) => scene(t, browser);

const conversation = (person, name) => person.page.getByRole('list', { name: 'Direct messages' }).getByRole('button', { name, exact: typeof name === 'string' });

const tell = (client, nick, text) => client.ask({ type: 'direct', nick, text, id: text }, ({ type, id }) => type === 'ack' && id === text);

test('a second tab is the same person: asked for no name, no guest, and what is said in one is in both', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const twin = await ann.tab(s.url());
  await twin.is('connected');
  const bob = await s.v1({ nick: 'bob' });
  await bob.join('lobby');
  await ann.say('from one');
  await twin.hears('from one');
  await twin.say('from the other');
  await ann.hears('from the other');
  for (const tab of [ann, twin]) {
    await tab.people.getByText('bob', { exact: true }).waitFor();
    assert.equal(await tab.people.getByRole('listitem').count(), 2, 'ann and bob');
    assert.equal(await tab.log.locator('.message.own').count(), 2);
    assert.equal(await tab.notice.isVisible(), false);
  }
  await twin.page.close();
  await ann.say('still here');
  await bob.hears('still here');
  assert.deepEqual(bob.events.filter(({ type, left }) => type === 'presence' && left?.length), [], 'nobody left');
});

test('a new name in one tab is the name in the other, and stays it when that one comes back', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const twin = await ann.tab(s.url());
  await twin.is('connected');
  await ann.say('/nick anna');
  await twin.page.locator('#me-nick').getByText('anna', { exact: true }).waitFor();
  await twin.page.reload();
  await twin.is('connected');
  await ann.people.getByText('anna', { exact: true }).waitFor();
  await twin.say('who am I');
  await ann.hears('who am I');
  assert.equal((await ann.messages()).at(-1).nick, 'anna');
});

test('a direct message is in each tab once, and so is the answer', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const twin = await ann.tab(s.url());
  await twin.is('connected');
  const bob = await s.v1({ nick: 'bob' });
  await tell(bob, 'ann', 'psst');
  for (const tab of [ann, twin]) await conversation(tab, 'bob 1 unread').waitFor();
  await conversation(ann, 'bob 1 unread').click();
  await conversation(twin, 'bob').click();
  await ann.say('yes?');
  await twin.message('yes?').waitFor();
  await ann.message('yes?', 'sent').waitFor();
  for (const tab of [ann, twin]) {
    assert.deepEqual(await tab.log.locator('.message .text').allTextContents(), ['psst', 'yes?']);
    assert.equal(await tab.log.locator('.message.own').count(), 1);
  }
});

test('a tab that is opened later has the conversations of the others, and what is read in one is read in all', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  await tell(bob, 'ann', 'psst');
  await conversation(ann, 'bob 1 unread').waitFor();
  const twin = await ann.tab(s.url());
  await conversation(twin, 'bob 1 unread').click();
  await conversation(ann, 'bob').waitFor();
  await twin.message('psst').waitFor();
  await tell(bob, 'ann', 'and?');
  await twin.message('and?').waitFor();
  await conversation(ann, 'bob').click();
  await ann.message('and?').waitFor();
  assert.deepEqual(await ann.log.locator('.message .text').allTextContents(), ['psst', 'and?']);
});

test('what waited for a person while all tabs were away is in each of them once', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const network = await networkOf(ann);
  await ann.page.reload();
  await ann.is('connected');
  const twin = await ann.tab(s.url());
  await twin.is('connected');
  const bob = await s.v1({ nick: 'bob' });
  await bob.join('lobby');
  network.cut();
  await bob.inbox.find(({ type, left }) => type === 'presence' && left?.some(({ nick }) => nick === 'ann'), 'ann left');
  await tell(bob, 'ann', 'psst');
  network.mend();
  for (const tab of [ann, twin]) await conversation(tab, 'bob 1 unread').waitFor();
  for (const tab of [ann, twin]) {
    await tab.is('connected');
    await conversation(tab, /^bob/).click();
    await tab.message('psst').waitFor();
    assert.equal(await tab.log.locator('.message').count(), 1);
  }
});

test('a server that forgot everybody: the tabs come back as one person under their name, and what each wrote is sent once', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const tabs = [ann, await ann.tab(s.url()), await ann.tab(s.url())];
  for (const tab of tabs) await tab.is('connected');
  ann.outage = true;
  await ann.context.setOffline(true);
  for (const [i, tab] of tabs.entries()) {
    await tab.say(`written in ${i}`);
    await tab.message(`written in ${i}`, 'pending').waitFor();
  }
  await s.restart();
  await ann.context.setOffline(false);
  for (const tab of tabs) for (const i of tabs.keys()) await tab.hears(`written in ${i}`);
  for (const tab of tabs) {
    assert.deepEqual((await tab.messages()).map(({ nick }) => nick), ['ann', 'ann', 'ann']);
    assert.deepEqual((await tab.texts()).sort(), ['written in 0', 'written in 1', 'written in 2']);
    assert.equal(await tab.people.getByRole('listitem').count(), 1);
    assert.equal(await tab.notice.isVisible(), false, 'nobody had to fight for it');
  }
});

test('what a closed tab left behind is sent by one that is open', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  await ann.page.clock.install();
  await ann.page.reload();
  await ann.is('connected');
  const twin = await ann.tab(s.url());
  await twin.is('connected');
  ann.outage = true;
  await ann.context.setOffline(true);
  await twin.say('left behind');
  await twin.message('left behind', 'pending').waitFor();
  await twin.page.close();
  await ann.context.setOffline(false);
  await ann.page.clock.fastForward(40_000);
  await ann.hears('left behind');
  assert.equal((await ann.messages())[0].nick, 'ann');
});

test('a room that was left in one tab is not brought back by another that is still in it', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann', { room: 'dev' });
  await ann.say('/join lobby');
  const twin = await ann.tab(s.url());
  await twin.is('connected');
  const room = (tab, name) => tab.rooms.getByRole('button', { name, exact: true });
  await ann.rooms.getByRole('button', { name: 'Leave dev' }).click();
  await room(ann, 'dev').waitFor({ state: 'detached' });
  await room(twin, 'dev').click();
  await room(twin, 'lobby').click();
  await twin.say('/join release');
  await room(twin, 'release').waitFor();
  await ann.page.reload();
  await room(ann, 'release').waitFor();
  assert.equal(await room(ann, 'dev').count(), 0);
});

test('a draft that another tab sends is no draft any more; one that is only like it in its place stays', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  await ann.box.fill('common');
  const twin = await ann.tab(s.url());
  await twin.is('connected');
  assert.equal(await twin.box.inputValue(), 'common');
  await twin.box.press('Enter');
  await ann.hears('common');
  await ann.page.waitForFunction(() => document.getElementById('message').value === '');
  await ann.box.fill('a long one');
  await twin.say('hi');
  await ann.hears('hi');
  await ann.say('/join dev');
  await ann.page.getByRole('heading', { name: 'dev', exact: true }).waitFor();
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).click();
  assert.equal(await ann.box.inputValue(), '', 'it was typed over with /join, which was sent');
  await ann.box.fill('a long one');
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).click();
  await twin.say('hi again');
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).click();
  await ann.hears('hi again');
  assert.equal(await ann.box.inputValue(), 'a long one');
});
