// Direct messages and typing, on the page in Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());
const setup = (t) => scene(t, browser);

const conversations = (person) => person.page.getByRole('list', { name: 'Direct messages' });
const conversation = (person, name) => conversations(person).getByRole('button', { name, exact: true });
const heading = (person, name) => person.page.getByRole('heading', { name, exact: true }).waitFor();
let ids = 0;
const tell = (client, nick, text, id = `tell-${ids += 1}`) => client.ask({ type: 'direct', nick, text, id }, (event) => event.type === 'ack' && event.id === id);
const told = (client, text) => client.inbox.find((event) => event.type === 'direct' && event.text === text, `the direct message ${text}`);
const typing = (person) => person.page.locator('#typing');

test('two people in private: sent, received, counted while unread, and nobody else reads it', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.person('bob');
  const eve = await s.person('eve');
  await ann.say('/msg bob psst');
  await ann.message('psst', 'sent').waitFor();
  await heading(ann, 'bob');
  await conversation(bob, 'ann 1 unread').waitFor();
  assert.equal(await bob.message('psst').count(), 0, 'not in the room');
  await ann.say('two\nlines');
  await conversation(bob, 'ann 2 unread').click();
  await bob.message('two').waitFor();
  await conversation(bob, 'ann').waitFor();
  assert.match(await bob.message('psst').textContent(), /\d\d:\d\d.*ann.*over ws.*psst/, 'who, when and over what');
  await bob.say('yes?');
  await ann.message('yes?').waitFor();
  assert.deepEqual(await ann.log.locator('.message .text').allTextContents(), ['psst', 'two\nlines', 'yes?']);
  assert.equal(await conversations(eve).count(), 0);
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).click();
  await ann.say('in the room');
  await eve.hears('in the room');
  assert.deepEqual(await eve.texts(), ['in the room']);
});

test('a person in the list is written to, by mouse and by keyboard', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  await s.v1({ nick: 'dan' });
  await ann.people.getByRole('button', { name: 'dan' }).click();
  await heading(ann, 'dan');
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).click();
  const person = ann.people.getByRole('button', { name: 'bob' });
  await person.focus();
  await s.v1({ nick: 'aaron' });
  await ann.people.getByText('aaron', { exact: true }).waitFor();
  assert.ok(await person.evaluate((button) => button === document.activeElement), 'who comes does not take the focus away');
  await ann.page.keyboard.press('Enter');
  await heading(ann, 'bob');
  await ann.page.keyboard.type('typed at once');
  await ann.page.keyboard.press('Enter');
  await told(bob, 'typed at once');
  await ann.message('typed at once', 'sent').waitFor();
  assert.equal(await ann.people.getByRole('button', { name: 'ann' }).count(), 0, 'nobody writes to themselves');
});

test('nobody of that name: it fails with the reason, and retry sends it when they came', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const before = await s.v1({ nick: 'bob' });
  await tell(before, 'ann', 'hello');
  await before.leave();
  await conversation(ann, 'bob 1 unread').click();
  await ann.say('psst');
  const failed = ann.message('psst', 'failed');
  await failed.getByText('bob is not connected.').waitFor();
  await ann.log.getByText('bob is not connected: what you write here does not arrive').waitFor();
  await ann.people.getByText('bob', { exact: true }).waitFor({ state: 'detached' });
  await ann.say('still not?');
  await ann.message('still not?', 'failed').waitFor();
  assert.equal(await ann.log.locator('.line.gone').count(), 1, 'told once');
  await ann.message('still not?').getByRole('button', { name: 'Discard' }).click();
  const bob = await s.v1({ nick: 'bob' });
  await failed.getByRole('button', { name: 'Retry' }).click();
  await ann.message('psst', 'sent').waitFor();
  await told(bob, 'psst');
  await ann.people.getByText('bob', { exact: true }).waitFor();
});

test('a name that nobody has begins no conversation and leads out of no room', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  await ann.say('/msg bop psst');
  await ann.notice.getByText('bop is not connected. Nothing was sent.').waitFor();
  await heading(ann, 'lobby');
  assert.equal(await ann.box.inputValue(), '/msg bop psst', 'to be mended');
  assert.equal(await conversations(ann).getByRole('listitem').count(), 0);
  await ann.page.reload();
  await ann.is('connected');
  assert.equal(await conversations(ann).getByRole('listitem').count(), 0);
  await ann.say('/msg bob psst');
  await told(bob, 'psst');
  await heading(ann, 'bob');
  await ann.message('psst', 'sent').waitFor();
});

test('Back and Forward lead from place to place, and out of none into one that was left', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  await s.v1({ nick: 'bob' });
  await ann.say('/join dev');
  await heading(ann, 'dev');
  await ann.say('/msg bob psst');
  await heading(ann, 'bob');
  await ann.page.goBack();
  await heading(ann, 'dev');
  await ann.page.goBack();
  await heading(ann, 'lobby');
  assert.match(ann.page.url(), /#lobby$/);
  await ann.page.goForward();
  await heading(ann, 'dev');
  await ann.page.goForward();
  await heading(ann, 'bob');
  await ann.rooms.getByRole('button', { name: 'Leave dev' }).click();
  await ann.rooms.getByRole('button', { name: 'dev', exact: true }).waitFor({ state: 'detached' });
  await heading(ann, 'bob');
  await ann.page.goBack();
  await heading(ann, 'bob');
  assert.match(ann.page.url(), /#@bob$/);
  assert.equal(await ann.rooms.getByRole('button', { name: 'dev', exact: true }).count(), 0);
  await ann.page.goBack();
  await heading(ann, 'lobby');
});

test('what lost its connection unanswered is not sent twice, what was typed meanwhile is sent', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  ann.outage = true;
  let cut = true;
  await ann.page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((data) => {
      server.send(data);
      if (cut && String(data).includes('"direct"')) socket.close();  // on its way, and the answer will not be heard
    });
    server.onMessage((data) => { if (!cut || !String(data).includes('"ack"')) socket.send(data); });
  });
  await ann.page.reload();
  await ann.is('connected');
  await ann.say('/msg bob perhaps');
  await ann.message('perhaps', 'failed').getByText('it may have arrived').waitFor();
  cut = false;
  await told(bob, 'perhaps');
  await ann.say('typed meanwhile');
  await ann.message('typed meanwhile', 'sent').waitFor();
  await told(bob, 'typed meanwhile');
  await ann.page.reload();
  await ann.is('connected');
  await ann.message('perhaps', 'failed').waitFor();
  await ann.say('last');
  await told(bob, 'last');
  assert.deepEqual(bob.events.filter((event) => event.type === 'direct').map((event) => event.text), ['perhaps', 'typed meanwhile', 'last']);
  await ann.message('perhaps', 'failed').getByRole('button', { name: 'Discard' }).click();
  await ann.message('perhaps').waitFor({ state: 'detached' });
});

test('a conversation is there again after a reload, in the same place', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  await tell(bob, 'ann', 'psst');
  await conversation(ann, 'bob 1 unread').click();
  await ann.say('yes?');
  await ann.message('yes?', 'sent').waitFor();
  await ann.page.reload();
  await heading(ann, 'bob');
  await ann.message('yes?').waitFor();
  assert.deepEqual(await ann.log.locator('.message .text').allTextContents(), ['psst', 'yes?']);
  await ann.is('connected');
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).waitFor();
});

test('new names: the conversation follows the other, our own changes nothing', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  await tell(bob, 'ann', 'psst');
  await conversation(ann, 'bob 1 unread').click();
  await ann.box.fill('half a sent');
  await bob.ask({ type: 'nick', nick: 'rob' }, 'nick');
  await heading(ann, 'rob');
  await ann.log.getByText('bob is now rob').waitFor();
  assert.equal(await ann.box.inputValue(), 'half a sent');
  assert.match(ann.page.url(), /#@rob$/);
  await ann.say('/nick anna');
  await ann.page.getByRole('button', { name: 'anna settings' }).waitFor();
  await ann.say('still you?');
  await told(bob, 'still you?');
  await tell(bob, 'anna', 'still me');
  await ann.message('still me').waitFor();
  assert.deepEqual(await ann.log.locator('.message .text').allTextContents(), ['psst', 'still you?', 'still me']);
  assert.equal(await conversations(ann).getByRole('listitem').count(), 1);
});

test('what another connection of ours says stands in the conversation as our own', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  await s.v1({ nick: 'bob' });
  const session = await ann.page.evaluate(() => sessionStorage.getItem('chatbridge.session'));
  const other = await s.v1({ session });
  await tell(other, 'bob', 'from elsewhere');
  await conversation(ann, 'bob').click();
  await ann.message('from elsewhere').waitFor();
  assert.equal(await ann.log.locator('.message.own').count(), 1);
});

test('the box belongs to its place: what is meant for one does not end in another', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  await s.v1({ nick: 'bob' });
  await ann.box.fill('for the room');
  await ann.people.getByRole('button', { name: 'bob' }).click();
  assert.equal(await ann.box.inputValue(), '');
  await ann.box.fill('for bob');
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).click();
  assert.equal(await ann.box.inputValue(), 'for the room');
  await conversation(ann, 'bob').click();
  assert.equal(await ann.box.inputValue(), 'for bob');
});

test('what looks private and is none is neither said nor told', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  const tries = [['/msg bob', 'Write /msg NAME'], [' /msg bob psst', 'at the very start'], ['hello\n/msg bob psst', 'at the very start'], ['/msg bob /login x', '/login is not available'], ['/msg ann hi', 'That is you']];
  for (const [line, answer] of tries) {
    await ann.say(line);
    await ann.notice.getByText(answer).waitFor();
    assert.equal(await ann.box.inputValue(), line, 'it stays in the box');
  }
  await ann.say('/msg bob psst');
  await told(bob, 'psst');
  for (const line of ['/me waves', '/who', '/history', '/resume x']) {
    await ann.say(line);
    await ann.notice.getByText('Nothing was sent').waitFor();
  }
  await ann.say('/help');
  await ann.log.getByText('tell NAME alone').waitFor();
  await ann.say('//slash');
  await told(bob, '/slash');
  assert.deepEqual(bob.events.filter(({ type }) => type === 'direct' || type === 'message').map(({ text }) => text), ['psst', '/slash']);
});

test('closed, a conversation is out of the list until somebody writes', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  await ann.say('/msg bob psst');
  await ann.message('psst', 'sent').waitFor();
  await conversation(ann, 'Close bob').click();
  await heading(ann, 'lobby');
  await conversations(ann).waitFor({ state: 'hidden' });
  await tell(bob, 'ann', 'yes?');
  await conversation(ann, 'bob 1 unread').click();
  await ann.message('psst').waitFor();
});

test('hostile text is text, in private too', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  const texts = ['<img src=x onerror="document.title=1">', '<script>document.title = 1</script>', `long${'w'.repeat(4000)}`];
  for (const text of texts) await tell(bob, 'ann', text);
  await conversation(ann, 'bob 3 unread').click();
  await ann.message('wwww').waitFor();
  assert.deepEqual(await ann.log.locator('.message .text').allTextContents(), texts);
  assert.equal(await ann.log.locator('img, script').count(), 0);
  assert.equal(await ann.page.title(), 'bob · chatbridge');
});

test('typing is shown to the others until the message is there, in a line that keeps its place', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.person('bob');
  const eve = await s.v1({ nick: 'eve' });
  const dan = await s.v1({ nick: 'dan' });
  const types = (client) => client.send({ type: 'typing', room: 'lobby' });
  const box = await ann.page.locator('#composer').boundingBox();
  const log = await ann.log.boundingBox();
  const began = Date.now();
  await bob.box.pressSequentially('hel');
  await typing(ann).getByText('bob is typing…').waitFor();
  await types(eve);
  await typing(ann).getByText('bob and eve are typing…').waitFor();
  await types(dan);
  await typing(ann).getByText('several people are typing…').waitFor();
  assert.deepEqual([await ann.page.locator('#composer').boundingBox(), await ann.log.boundingBox()], [box, log], 'nothing moves');
  assert.equal(await typing(ann).getAttribute('aria-hidden'), 'true', 'and nobody is told of it aloud');
  assert.equal(await typing(bob).getByText('bob').count(), 0, 'one does not see oneself typing');
  await bob.box.pressSequentially('lo');
  await bob.box.press('Enter');
  await ann.hears('hello');
  for (const client of [eve, dan]) await types(client);
  await typing(ann).getByText('eve and dan are typing…').waitFor();
  const frames = eve.events.filter(({ type, nick }) => type === 'typing' && nick === 'bob').length;
  assert.ok(frames >= 1 && frames <= 1 + (Date.now() - began) / 3_000, `${frames} frames, one in three seconds`);
  await eve.leave();
  await typing(ann).getByText('dan is typing…').waitFor();
  await typing(ann).waitFor({ state: 'hidden' });
});

test('what the server holds against it is shown, and costs nothing that was written', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const bob = await s.v1({ nick: 'bob' });
  await ann.page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    const refuse = (frame) => socket.send(JSON.stringify({ type: 'error', ...frame }));
    socket.onMessage((data) => {
      if (String(data).includes('"one-more"')) return refuse({ code: 'too_many', message: 'at most 3 rooms', room: 'one-more' });
      if (String(data).includes('quick')) refuse({ code: 'rate_limited', message: 'slower' });
      return server.send(data);
    });
  });
  await ann.page.reload();
  await ann.is('connected');
  await ann.say('quick');
  await ann.notice.getByText('You are writing faster than this server takes it').waitFor();
  await bob.hears('quick');
  await ann.message('quick', 'sent').waitFor();
  await ann.notice.waitFor({ state: 'hidden' });  // there is nothing more to wait for
  await ann.say('/join one-more');
  await ann.notice.getByText('You cannot go to one-more: at most 3 rooms').waitFor();
  await heading(ann, 'lobby');
  await ann.rooms.getByRole('button', { name: 'one-more', exact: true }).waitFor({ state: 'detached' });
});

test('on a phone: people to conversation to room, with a dot for what is unread', async (t) => {
  const s = await setup(t);
  const ann = await s.person(undefined, { viewport: { width: 360, height: 740 } });
  const bob = await s.v1({ nick: 'bob' });
  await ann.page.getByRole('textbox', { name: 'Nickname' }).fill('ann');
  await ann.page.getByRole('button', { name: 'Join' }).click();
  await ann.is('connected');
  await ann.page.getByRole('button', { name: 'Open people' }).click();
  await ann.people.getByRole('button', { name: 'bob' }).click();
  await ann.people.waitFor({ state: 'hidden' });
  await ann.say('psst');
  await told(bob, 'psst');
  await ann.page.getByRole('button', { name: 'Open rooms' }).click();
  await ann.rooms.getByRole('button', { name: 'lobby', exact: true }).click();
  await tell(bob, 'ann', 'yes?');
  await ann.page.locator('#unread-dot').waitFor();
  await ann.page.getByRole('button', { name: 'Open rooms' }).click();
  await conversation(ann, 'bob 1 unread').click();
  await ann.message('yes?').waitFor();
  assert.equal(await ann.page.evaluate(() => document.documentElement.scrollWidth), 360);
});
