// Every state of the page that somebody can come into, one after the other: for pictures of them, and for what must be true in all.
import { TcpClient, UdpClient, WsV1Client } from '../support/clients.mjs';
import { request } from '../support/http.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { Person, launchBrowser } from './browser.mjs';

/** What a daemon must allow for it. */
export const ALLOW = ['--set', 'session.grace=0', '--set', 'limits.nick_changes=0'];
const STATES = ['welcome', 'empty', 'busy', 'unread', 'suggestions', 'paste', 'invite', 'shortcuts', 'switcher', 'settings', 'direct', 'long', 'error', 'reconnecting', 'offline'];
const LONG_ROOM = 'the-room-of-everybody-who-came-with-the-very-long-name-from-afar';
const LONG_NICK = 'Bartholomäus-Maximilian_von-Haag';

// ---- who is there, and what was said

// Everybody but the person at the page.
async function cast(daemon) {
  const on = (Client, port) => async (nick, room) => new Client(port).connect({ nick, room });
  const ws = on(WsV1Client, daemon.http);
  const tcp = on(TcpClient, daemon.tcp);
  const udp = on(UdpClient, daemon.udp);
  const people = {};
  for (const [nick, enter] of Object.entries({ mia: ws, jonas: ws, Hana: ws, ann: ws, bob: tcp, yusuf: tcp, 'probe-1': udp })) people[nick] = await enter(nick);
  people.elsewhere = [await ws('kai', 'dev'), await ws('ines', 'dev'), await tcp('rack-3', 'lab-2'), await ws(LONG_NICK, LONG_ROOM)];
  await talk(daemon, people);
  return people;
}

const LOBBY = [
  ['bob', 'evening all. netcat on the old terminal in lab 2 still works'],
  ['mia', 'of course it does, it is older than both of us'],
  ['ann', 'I am on the page, bob on TCP, the probe on UDP. Everybody reads everybody'],
  ['probe-1', 'temperature 21.4 C, humidity 48 %'],
  ['mia', 'looks fine, the window in the greenhouse is open then'],
  ['mia', 'I wrote the steps down:\n1. stop the pump\n2. close the valve, slowly\n3. tell ann'],
  ['Hana', 'صباح الخير، أقرأ كل شيء من المتصفح'],
  ['mia', 'walks over to the rack', { action: true }],
  ['yusuf', 'link is up, see https://status.lab-2.internal/links/7?from=lobby for the numbers'],
  ['ci', 'build 4812 passed'],
  ['ann', 'green, so I will tag it this afternoon'],
  ['ann', 'unless the demo at two turns something up'],
  ['jonas', '@ann can you hold the door for the projector?'],
];

async function talk(daemon, people) {
  for (const [nick, text, more] of LOBBY) {
    if (nick === 'ci') await request(daemon.http, '/api/rooms/lobby/messages', { method: 'POST', body: JSON.stringify({ nick, text }) });
    else if (people[nick].publish) await people[nick].publish(text, more);
    else await people[nick].say(text);
    await people.jonas.hears(text.split('\n')[0]);
  }
  const [, , , long] = people.elsewhere;
  await long.publish(`${'verylongwordwithoutanyspace'.repeat(8)} and then some words that may be broken as usual`);
  await long.publish('short');
  await people.ann.leave();
}

// What was said in one minute was said over two days, as it would have been: the same in every run.
function spread(text) {
  return text.split('\n').map((line) => {
    const frame = JSON.parse(line);
    if (!frame.at) return line;
    const minutes = (frame.seq ?? 20) * 4 + (frame.seq > 3 ? 15 * 60 : 0);
    return JSON.stringify({ ...frame, at: new Date(Date.UTC(2026, 4, 7, 16, 40) + minutes * 60_000).toISOString() });
  }).join('\n');
}

// ---- one window

class Window extends Person {
  static async open(browser, daemon, { size: [width, height], theme, visit }) {
    const window = await super.open(browser, 'about:blank', {
      viewport: { width, height }, colorScheme: theme, locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', hasTouch: width < 500,
    });
    Object.assign(window, { daemon, visit, name: `${width}-${theme}` });
    await window.page.clock.setFixedTime(new Date('2026-05-08T08:36:00Z'));
    await window.page.routeWebSocket(/\/ws$/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((text) => socket.send(spread(text)));
      window.socket = socket;
    });
    return window;
  }

  go(room = '') { return this.page.goto(`http://127.0.0.1:${this.daemon.http}/${room && `#${room}`}`); }
  press(keys) { return this.page.keyboard.press(keys); }
  button(name) { return this.page.getByRole('button', { name }); }

  // In this state now, for whoever looks on.
  show(state) { return this.visit(state, this); }
}

/** One window through every state of the page; visit(state, window) is called in each. */
export async function walk(browser, daemon, options) {
  const { elsewhere, ...named } = await cast(daemon);
  const window = await Window.open(browser, daemon, options);
  try {
    await sit(window, { elsewhere, ...named });
  } finally {
    for (const each of [...Object.values(named), ...elsewhere]) await each.close();
  }
  await window.close();
}

/** For a test: what look(page) says of each state, as [[state, …]]. */
export async function everyState(t, options, look) {
  const daemon = await startDaemon({ args: ALLOW });
  const browser = await launchBrowser();
  t.after(async () => {
    await browser.close();
    await daemon.stop();
  });
  const found = [];
  await walk(browser, daemon, { theme: 'light', ...options, visit: async (state, { page }) => { found.push([state, await look(page)]); } });
  const missing = STATES.filter((state) => !found.some(([one]) => one === state));
  if (missing.length) throw new Error(`not looked at: ${missing}`);
  return found;
}

async function sit(window, people) {
  await window.go('quiet');
  await window.show('welcome');
  await window.enter('ann');
  await window.show('empty');
  for (const room of ['lab-2', 'dev', 'lobby']) {
    await window.go(room);
    await window.page.getByRole('heading', { level: 1, name: room }).waitFor();
  }
  await window.hears('hold the door');
  await dev(people);
  await people.jonas.ask({ type: 'direct', nick: 'ann', text: 'and bring the adapter', id: `d-${window.name}` }, 'ack');
  await window.page.locator('#directs .unread').first().waitFor({ state: 'attached' });
  await people.jonas.send({ type: 'typing', room: 'lobby' });
  await window.page.locator('#typing.on').waitFor();
  await window.show('busy');
  await slide(window);
  await unread(window);
  await writing(window);
  await dialogs(window);
  await alone(window);
  await long(window);
  await wrong(window);
  await away(window);
}

// What is said in another room meanwhile.
async function dev({ elsewhere: [kai, ines] }) {
  await ines.publish('the branch for the demo is green on every machine but mine');
  await kai.publish('is it frozen then?');
}

// Clicked, as a reload would begin anew.
async function place(window, name) {
  if (await window.button('Open rooms').isVisible()) await window.button('Open rooms').click();
  await window.rooms.getByRole('button', { name: new RegExp(`^${name}`) }).click();
}

async function unread(window) {
  await place(window, 'dev');
  await window.page.locator('.line.new').waitFor();
  await window.show('unread');
  await place(window, 'lobby');
  await window.hears('hold the door');
}

async function writing(window) {
  await window.box.pressSequentially('/m');
  await window.page.getByRole('option').first().waitFor();
  await window.show('suggestions');
  await window.press('Escape');
  await window.box.fill('');
  await window.box.evaluate((box) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', 'one\ntwo\nthree');
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
  });
  await window.box.fill('1. stop the pump\n2. close the valve, slowly\n3. tell ann');
  await window.page.getByRole('group', { name: /lines pasted/ }).waitFor();
  await window.show('paste');
  await window.press('Escape');
  await window.box.fill('');
}

async function slide(window) {
  for (const panel of ['people', 'rooms']) {
    if (!await window.button(`Open ${panel}`).isVisible()) continue;
    await window.button(`Open ${panel}`).click();
    await window.show(panel);
    await window.press('Escape');
  }
}

async function dialogs(window) {
  await window.button('Invite').click();
  await window.page.getByRole('heading', { name: 'telnet' }).waitFor();
  await window.show('invite');
  await window.press('Escape');
  await window.press('Control+/');
  await window.show('shortcuts');
  await window.press('Escape');
  await window.press('Control+k');
  await window.page.keyboard.type('l');
  await window.show('switcher');
  await window.press('Escape');
  if (await window.button('Open rooms').isVisible()) await window.button('Open rooms').click();
  await window.button(/settings/).click();
  await window.show('settings');
  await window.press('Escape');
  await window.press('Escape');
}

async function alone(window) {
  await window.go('@jonas');
  await window.page.locator('.text', { hasText: 'adapter' }).waitFor();
  await window.say('it is in the blue bag, second shelf');
  await window.message('blue bag', 'sent').waitFor();
  await window.show('direct');
}

async function long(window) {
  await window.go(LONG_ROOM);
  await window.hears('short');
  await window.show('long');
}

async function wrong(window) {
  await window.go('lobby');
  await window.hears('hold the door');
  await window.say(`everything at once ${'and more '.repeat(600)}`);
  await window.page.locator('.message[data-state="failed"]').waitFor();
  await window.say('/join The Kitchen');
  await window.notice.waitFor();
  await window.show('error');
  await window.page.locator('.message[data-state="failed"]').getByRole('button', { name: 'Discard' }).click();
  await window.box.fill('');
  await window.button('Close notice').click();
}

async function away(window) {
  window.outage = true;
  await window.page.routeWebSocket(/\/ws$/, (socket) => socket.close());
  await window.socket.close();
  await window.is('reconnecting');
  await window.say('I will be a minute late, start without me');
  await window.message('a minute late', 'pending').waitFor();
  await window.show('reconnecting');
  await window.say('/quit');
  await window.is('offline');
  await window.show('offline');
}
