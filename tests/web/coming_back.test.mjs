// Coming back to a room, in Chromium: what was said while the connection, or the page, was away.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { isInSight, lines, networkOf, scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());
const setup = (t) => scene(t, browser);

const line = (person) => person.log.locator('.line.new');
const room = (person, name) => person.rooms.getByRole('button', { name, exact: true });

test('what was said while the connection was lost stands below a line, from its beginning when it is more than fits', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const network = await networkOf(ann);
  await ann.page.reload();
  await ann.is('connected');
  const bob = await s.v1({ nick: 'bob' });
  await bob.join('lobby');
  await bob.publish('seen');
  await ann.hears('seen');
  await ann.say('x'.repeat(5_000));
  await ann.message('xxx', 'failed').waitFor();
  assert.equal(await line(ann).count(), 0);
  network.cut();
  await bob.inbox.find(({ type, left }) => type === 'presence' && left?.some(({ nick }) => nick === 'ann'), 'ann left');
  const eve = await s.tcp('eve');
  await eve.write(lines(1, 100));
  await bob.inbox.find(({ text }) => text === 'line 100.', 'all of it');
  network.mend();
  await ann.is('connected');
  await line(ann).waitFor();
  await ann.page.getByRole('button', { name: /\d+ new messages/ }).waitFor();
  assert.ok(await isInSight(line(ann)));
  assert.ok(await isInSight(ann.message('line 1.')));
  assert.ok(await isInSight(ann.message('seen')), 'with what was there before above it');
  await ann.page.getByRole('button', { name: /\d+ new messages/ }).click();
  await ann.hears('line 100.');
});

test('a reload knows what was not read yet, and tells none of it again', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann', { room: 'dev' });
  await ann.say('/join lobby');
  await ann.page.getByRole('heading', { name: 'lobby', exact: true }).waitFor();
  const bob = await s.tcp('bob');
  await bob.say('read');
  await ann.hears('read');
  await room(ann, 'dev').click();
  await bob.say('one');
  await bob.say('ann: two');
  await room(ann, 'lobby 2 unread, 1 mention').waitFor();
  await ann.page.reload();
  await ann.is('connected');
  await room(ann, 'lobby 2 unread, 1 mention').waitFor();
  await ann.page.waitForFunction(() => document.title.startsWith('(1) '));
  await room(ann, 'lobby 2 unread, 1 mention').click();
  await line(ann).waitFor();
  const order = await ann.log.locator('.message, .line.new').evaluateAll((all) => all.map((each) => each.querySelector('.text')?.textContent ?? each.textContent));
  assert.deepEqual(order, ['read', 'new messages', 'one', 'ann: two']);
  await ann.page.reload();
  await ann.is('connected');
  await ann.hears('ann: two');
  await room(ann, 'lobby').waitFor();
  assert.equal(await line(ann).count(), 0, 'once read, it is no longer new');
});
