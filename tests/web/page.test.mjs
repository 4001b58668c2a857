// The page in Chromium against the built program.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());
const setup = (t, options) => scene(t, browser, options);

test('browsers, a TCP line and a UDP datagram in one room: everyone sees everything once, in one order', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const eve = await s.person('eve');
  const bob = await s.tcp('bob');
  const dan = await s.udp('dan');
  for (const nick of ['ann', 'eve', 'bob', 'dan']) await ann.people.getByText(nick, { exact: true }).waitFor();

  const said = [];
  for (let round = 1; round <= 3; round += 1) {
    const speak = { ann: (text) => ann.say(text), bob: (text) => bob.say(text), dan: (text) => dan.say(text), eve: (text) => eve.say(text) };
    await Promise.all(Object.entries(speak).map(([nick, say]) => {
      said.push(`${nick} ${round}`);
      return say(`${nick} ${round}`);
    }));
    for (const nick of Object.keys(speak)) for (const person of [ann, eve]) await person.hears(`${nick} ${round}`);
  }

  const shown = await ann.messages();
  assert.deepEqual(shown.map(({ text }) => text).sort(), said.sort(), 'once each');
  assert.deepEqual(await eve.messages(), shown, 'in one order');
  const via = { ann: 'ws', eve: 'ws', bob: 'tcp', dan: 'udp' };
  for (const message of shown) {
    assert.equal(message.nick, message.text.split(' ')[0]);
    assert.equal(message.via, via[message.nick]);
  }
  for (const [nick, mark] of Object.entries(via)) {
    const { text } = shown.find((message) => message.nick === nick);
    await ann.message(text).locator('.via', { hasText: mark }).first().waitFor({ state: 'attached' });
    await ann.people.getByRole('listitem').filter({ hasText: nick }).getByText(mark).waitFor();
  }
  const order = shown.map(({ text }) => text);
  for (const raw of [bob, dan]) {
    await raw.hears(order.findLast((text) => !text.startsWith(raw.nick)));
    assert.deepEqual(raw.texts(), order.filter((text) => !text.startsWith(raw.nick)), 'everything but what it said itself');
  }
});

test('who has come in can write at once', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  await ann.page.waitForFunction(() => document.activeElement?.id === 'message');
  await ann.page.keyboard.type('typed blind');
  await ann.page.keyboard.press('Enter');
  await ann.log.getByText('typed blind', { exact: true }).waitFor();
});

test('who, when and over what is on every message, for eyes and for screen readers', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.tcp('bob');
  for (const text of ['first', 'second']) await bob.say(text);
  await ann.hears('second');
  for (const text of ['first', 'second']) {
    assert.match(await ann.message(text).textContent(), /\d\d:\d\d.*bob.*over tcp.*(first|second)/);
    assert.ok(Date.parse(await ann.message(text).locator('time').getAttribute('datetime')) > Date.now() - 600_000);
  }
});

test('the server restarts while someone types: what was typed arrives once, in the new numbering', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const eve = await s.person('eve');
  await ann.say('before');
  await eve.hears('before');
  ann.outage = eve.outage = true;

  await ann.box.pressSequentially('typed while ');
  await s.restart(async () => {
    await ann.status.filter({ hasText: /reconnecting|offline/ }).waitFor();
    await ann.box.pressSequentially('it was away');
    await ann.box.press('Enter');
    await ann.message('typed while it was away', 'pending').waitFor();
    await ann.say('and one more');
    await ann.message('and one more', 'pending').waitFor();
    assert.deepEqual(await ann.texts(), ['before']);
  });

  for (const person of [ann, eve]) {
    await person.hears('and one more');
    assert.deepEqual(await person.texts(), ['before', 'typed while it was away', 'and one more']);
    await person.log.getByText('The server started anew').waitFor();
  }
  await ann.message('typed while it was away', 'sent').waitFor();
  assert.equal(await ann.log.locator('[data-state="pending"]').count(), 0);
  await eve.page.reload();
  await eve.hears('and one more');
  assert.deepEqual(await eve.texts(), ['typed while it was away', 'and one more']);
});

test('what is pending survives a reload, and is sent once', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const eve = await s.person('eve');
  let cut = true;
  await ann.page.routeWebSocket(/\/ws$/, (socket) => (cut ? socket.close() : socket.connectToServer()));
  await ann.page.reload();
  await ann.say('written offline');
  await ann.message('written offline', 'pending').waitFor();
  const id = await ann.message('written offline').getAttribute('data-id');
  await ann.page.reload();
  await ann.message('written offline', 'pending').waitFor();
  cut = false;
  await ann.page.reload();
  await ann.message('written offline', 'sent').waitFor();
  assert.equal(await ann.message('written offline').getAttribute('data-id'), id);
  await eve.hears('written offline');
  assert.deepEqual(await eve.texts(), ['written offline']);
});

test('what was pending in a tab that was closed is sent by the next one', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const eve = await s.person('eve');
  ann.outage = true;
  await ann.context.setOffline(true);
  await ann.say('left behind');
  await ann.message('left behind', 'pending').waitFor();
  await ann.page.close();
  await ann.context.setOffline(false);
  await ann.newPage(s.url());
  await ann.message('left behind', 'sent').waitFor();
  await eve.hears('left behind');
  assert.deepEqual(await eve.texts(), ['left behind']);
  assert.equal((await eve.messages())[0].nick, 'ann', 'and is the same person');
});

test('offline and back: nothing is lost, nothing comes twice', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const eve = await s.person('eve');
  const bob = await s.tcp('bob');
  await ann.say('online');
  await eve.hears('online');

  ann.outage = true;
  await ann.context.setOffline(true);
  const mine = ['away 1', 'away 2', 'away 3'];
  for (const text of mine) await ann.say(text);
  await ann.message('away 3', 'pending').waitFor();
  for (let i = 1; i <= 3; i += 1) await bob.say(`meanwhile ${i}`);
  await eve.hears('meanwhile 3');
  await ann.is('offline');
  await ann.say('away 4');
  await ann.context.setOffline(false);

  await ann.is('connected');
  await eve.hears('away 4');
  await ann.hears('away 4');
  const expected = ['online', 'meanwhile 1', 'meanwhile 2', 'meanwhile 3', ...mine, 'away 4'];
  assert.deepEqual(await eve.texts(), expected);
  assert.deepEqual(await ann.texts(), expected);
  assert.equal(await ann.message('', 'sent').count(), 5);
});

test('a message that is too long fails with its reason, and the connection stays', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  await ann.say('x'.repeat(4097));
  const failed = ann.log.locator('.message[data-state="failed"]');
  await failed.getByText('Too long: 4,097 bytes, 4,096 are allowed.').waitFor();
  assert.equal(await failed.getByRole('button', { name: 'Retry' }).count(), 0, 'it would be as long again');
  await failed.getByRole('button', { name: 'Edit' }).click();
  assert.equal((await ann.box.inputValue()).length, 4097);
  await ann.say('x\n'.repeat(101) + 'x');
  await failed.getByText('Too long: 102 lines, 100 are allowed.').waitFor();
  await failed.getByRole('button', { name: 'Discard' }).click();
  await failed.waitFor({ state: 'detached' });
  await ann.say('y'.repeat(4096));
  await ann.message('yyyy', 'sent').waitFor();
  await ann.is('connected');
});

test('commands', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.tcp('bob');

  await ann.say('/nick Анна');
  await ann.people.getByText('Анна', { exact: true }).waitFor();
  await bob.next('*** ann is now Анна');
  await ann.say('/me waves');
  await bob.next('* Анна waves');
  await ann.hears('waves');
  await ann.say('//slash');
  await bob.next('Анна: /slash');
  await ann.say('/who');
  await ann.log.getByText(/2 people in lobby: .*bob \(tcp\)/).waitFor();
  await ann.say('/help');
  await ann.log.getByText('be called NAME').waitFor();
  await ann.say('/join dev');
  await ann.page.getByRole('heading', { name: 'dev', exact: true }).waitFor();
  assert.match(ann.page.url(), /#dev$/);
  await ann.say('/rooms');
  await ann.log.getByText(/lobby\s+/).waitFor();
  await ann.log.getByText(/dev {2}1 person/).waitFor();
  await ann.say('/nick b o b');
  await ann.notice.getByText('Write /nick NAME').waitFor();

  for (const secret of ['/login hunter2', '  /resume abcdef']) {
    await ann.say(secret);
    await ann.notice.getByText('is not available here. Nothing was sent.').waitFor();
  }
  for (const stray of ['  /msg bob psst', 'hello\n/msg bob psst']) {
    await ann.say(stray);
    await ann.notice.getByText('at the very start').waitFor();
  }
  await ann.say('/frobnicate');
  await ann.notice.getByText('write //frobnicate to say /frobnicate').waitFor();
  assert.equal(await ann.log.locator('.message').count(), 0, 'none of it became a message');

  await ann.say('/quit');
  await ann.is('offline');
  await ann.say('said while away');
  await ann.message('said while away', 'pending').waitFor();
  await ann.page.getByRole('button', { name: 'Connect' }).click();
  await ann.is('connected');
  await ann.message('said while away', 'sent').waitFor();
});

test('raw clients of a verbatim relay are seen, and no buttons to write to', async (t) => {
  const s = await setup(t, { args: ['--relay', 'verbatim'] });
  const ann = await s.person('ann');
  await s.person('bob');
  const raw = net.connect(s.daemon.tcp, '127.0.0.1').on('error', () => {});
  t.after(() => raw.destroy());
  raw.write('hello');
  await ann.hears('hello');
  await ann.people.getByText(/^tcp-\d+$/).waitFor();
  await ann.people.getByRole('button', { name: 'bob' }).waitFor();
  assert.equal(await ann.people.getByRole('button').count(), 1);
});

test('the tick of a message stands beside its last line, clear of the text, whatever way that runs and how wide the page is', async (t) => {
  const s = await setup(t);
  for (const width of [390, 800, 1440]) {
    const ann = await s.person('', { viewport: { width, height: 740 } });
    for (const text of ['short', 'word '.repeat(100), 'שלום עולם '.repeat(60), 'שלום']) {
      await ann.say(text);
      await ann.message(text.trim(), 'sent').last().waitFor();
    }
    await ann.log.locator('.message[data-state="pending"]').first().waitFor({ state: 'detached' });
    const all = await ann.log.locator('.message[data-state="sent"]').evaluateAll((messages) => messages.map((each) => {
      const range = document.createRange();
      range.selectNodeContents(each.querySelector('.text'));
      const lines = [...range.getClientRects()];
      const tick = each.querySelector('.tick').getBoundingClientRect();
      const last = lines.at(-1);
      return { over: lines.some((line) => line.right > tick.left && line.bottom > tick.top && line.top < tick.bottom),
        low: (tick.top + tick.bottom) / 2 - (last.top + last.bottom) / 2 };
    }));
    assert.equal(all.length, 4);
    for (const { over, low } of all) {
      assert.equal(over, false, `${width}: clear of the text`);
      assert.ok(Math.abs(low) < 4, `${width}: ${low} px below the middle of the line`);
    }
  }
});

test('on a narrow page the time of a grouped message is not drawn over it', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann', { viewport: { width: 1440, height: 740 } });
  const bob = await s.tcp('bob');
  await ann.page.setViewportSize({ width: 390, height: 740 });
  for (const text of ['one', 'two '.repeat(40)]) await bob.say(text);
  await ann.hears('two');
  await ann.message('two').hover();
  const second = ann.message('two').locator('time');
  if (await ann.message('two').evaluate((row) => row.classList.contains('same-minute'))) {
    assert.equal(await second.evaluate((time) => getComputedStyle(time).opacity), '0');
  }
});

test('hostile text is text', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.tcp('bob');
  const texts = [
    '<img src=x onerror="document.title=1">', '<script>document.title = 1</script>', '<svg onload=alert(1)>', 'javascript:alert(1)', '</div></article>', '&lt;b&gt; &amp;',
    '{{7*7}} ${7*7}', `long${'w'.repeat(4000)}`,
  ];
  for (const text of texts) await bob.say(text);
  await ann.hears('wwww');
  assert.deepEqual(await ann.texts(), texts);
  assert.equal(await ann.log.locator('img, script, svg, a').count(), 0);
  assert.equal(await ann.page.title(), 'lobby · chatbridge');
  const { scrollWidth, clientWidth } = await ann.log.evaluate(({ scrollWidth: s1, clientWidth: c1 }) => ({ scrollWidth: s1, clientWidth: c1 }));
  assert.equal(scrollWidth, clientWidth, 'nothing sticks out');
});

test('on a phone the panels slide in, one at a time, and go away again', async (t) => {
  const s = await setup(t);
  const ann = await s.person(undefined, { viewport: { width: 360, height: 740 } });
  await ann.page.getByRole('textbox', { name: 'Nickname' }).fill('ann');
  await ann.page.getByRole('button', { name: 'Join' }).click();
  await ann.is('connected');
  await ann.people.waitFor({ state: 'hidden' });
  await ann.page.getByRole('button', { name: 'Open people' }).click();
  await ann.people.getByText('ann', { exact: true }).waitFor();
  await ann.page.keyboard.press('Escape');
  await ann.people.waitFor({ state: 'hidden' });
  await ann.page.getByRole('button', { name: 'Open rooms' }).click();
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).click();
  await ann.rooms.waitFor({ state: 'hidden' });
  assert.equal(await ann.page.evaluate(() => document.documentElement.scrollWidth), 360);
});
