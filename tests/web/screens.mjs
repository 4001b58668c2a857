// Pictures of the page in every state, at three widths, light and dark, for people to look at: script/screenshots.
// usage: screens.mjs DIRECTORY [--png] [STATE…]
import { mkdirSync, writeFileSync } from 'node:fs';
import { TcpClient, UdpClient, WsV1Client } from '../support/clients.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { request } from '../support/http.mjs';
import { Person, launchBrowser } from './browser.mjs';

const [directory, ...rest] = process.argv.slice(2);
const png = rest.includes('--png');
const only = rest.filter((arg) => !arg.startsWith('--'));
const SIZES = [[360, 740], [768, 1024], [1440, 900]];
const LONG_ROOM = 'the-room-of-everybody-who-came-with-the-very-long-name-from-afar';
const LONG_NICK = 'Bartholomäus-Maximilian_von-Haag';

// ---- who is there, and what was said

async function cast(daemon) {
  const on = (Client, port) => async (nick, room) => new Client(port).connect({ nick, room });
  const ws = on(WsV1Client, daemon.http);
  const tcp = on(TcpClient, daemon.tcp);
  const udp = on(UdpClient, daemon.udp);
  const people = {};
  for (const [nick, enter] of Object.entries({ mia: ws, jonas: ws, Hana: ws, ann: ws, bob: tcp, yusuf: tcp, 'probe-1': udp })) people[nick] = await enter(nick);
  people.elsewhere = [await ws('kai', 'dev'), await ws('ines', 'dev'), await tcp('rack-3', 'lab-2'), await ws(LONG_NICK, LONG_ROOM)];
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
  static async open(browser, daemon, { size: [width, height], theme }) {
    const window = await super.open(browser, 'about:blank', {
      viewport: { width, height }, colorScheme: theme, locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', hasTouch: width < 500,
    });
    Object.assign(window, { daemon, name: `${width}-${theme}`, narrow: width < 768, width });
    await window.page.routeWebSocket(/\/ws$/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((text) => socket.send(spread(text)));
      window.socket = socket;
    });
    return window;
  }

  go(room = '') { return this.page.goto(`http://127.0.0.1:${this.daemon.http}/${room && `#${room}`}`); }
  async enter(nick) {  // the list of people may be out of sight
    await this.page.getByRole('textbox', { name: 'Nickname' }).fill(nick);
    await this.press('Enter');
    await this.is('connected');
  }

  press(keys) { return this.page.keyboard.press(keys); }
  button(name) { return this.page.getByRole('button', { name }); }

  async shoot(state) {
    if (only.length && !only.includes(state)) return;
    await this.page.evaluate(() => document.fonts.ready);
    const cdp = await this.context.newCDPSession(this.page);
    const { data } = await cdp.send('Page.captureScreenshot', png ? { format: 'png' } : { format: 'webp', quality: 80 });
    writeFileSync(`${directory}/${state}-${this.name}.${png ? 'png' : 'webp'}`, Buffer.from(data, 'base64'));
  }
}

async function sit(window, people) {
  await window.go('quiet');
  await window.shoot('welcome');
  await window.enter('ann');
  await window.shoot('empty');
  for (const room of ['lab-2', 'dev', 'lobby']) await window.go(room);
  await window.hears('hold the door');
  await people.elsewhere[0].publish('is the demo branch frozen?');
  await people.jonas.ask({ type: 'direct', nick: 'ann', text: 'and bring the adapter', id: `d-${window.name}` }, 'ack');
  await window.page.locator('#directs .unread').first().waitFor({ state: 'attached' });
  await people.jonas.send({ type: 'typing', room: 'lobby' });
  await window.page.locator('#typing.on').waitFor();
  await window.shoot('busy');
  if (window.width < 1120) await slide(window);
  await dialogs(window);
  await alone(window);
  await long(window);
  await wrong(window);
  await away(window);
}

async function slide(window) {
  await window.button('Open people').click();
  await window.shoot('people');
  await window.press('Escape');
  if (!window.narrow) return;
  await window.button('Open rooms').click();
  await window.shoot('rooms');
  await window.press('Escape');
}

async function dialogs(window) {
  await window.button('Invite').click();
  await window.page.getByRole('heading', { name: 'telnet' }).waitFor();
  await window.shoot('invite');
  await window.press('Escape');
  await window.press('Control+/');
  await window.shoot('shortcuts');
  await window.press('Escape');
  await window.press('Control+k');
  await window.page.keyboard.type('l');
  await window.shoot('switcher');
  await window.press('Escape');
  if (window.narrow) await window.button('Open rooms').click();
  await window.button(/settings/).click();
  await window.shoot('settings');
  await window.press('Escape');
  await window.press('Escape');
}

async function alone(window) {
  await window.go('@jonas');
  await window.page.locator('.text', { hasText: 'adapter' }).waitFor();
  await window.say('it is in the blue bag, second shelf');
  await window.message('blue bag', 'sent').waitFor();
  await window.shoot('direct');
}

async function long(window) {
  await window.go(LONG_ROOM);
  await window.hears('short');
  await window.shoot('long');
}

async function wrong(window) {
  await window.go('lobby');
  await window.hears('hold the door');
  await window.say(`everything at once ${'and more '.repeat(600)}`);
  await window.page.locator('.message[data-state="failed"]').waitFor();
  await window.say('/join The Kitchen');
  await window.notice.waitFor();
  await window.shoot('error');
  await window.page.locator('.message[data-state="failed"]').getByRole('button', { name: 'Discard' }).click();
  await window.box.fill('');
  await window.button('Close notice').click();
}

async function away(window) {
  window.outage = true;
  await window.page.clock.install();
  await window.page.routeWebSocket(/\/ws$/, (socket) => socket.close());
  await window.socket.close();
  await window.is('reconnecting');
  await window.say('I will be a minute late, start without me');
  await window.message('a minute late', 'pending').waitFor();
  await window.shoot('reconnecting');
  await window.say('/quit');
  await window.is('offline');
  await window.button('Close notice').click();
  await window.shoot('offline');
}

mkdirSync(directory, { recursive: true });
const daemon = await startDaemon({ args: ['--set', 'session.grace=0', '--set', 'limits.nick_changes=0'] });
const browser = await launchBrowser();
try {
  const people = await cast(daemon);
  await talk(daemon, people);
  for (const theme of ['light', 'dark']) {
    for (const size of SIZES) {
      const window = await Window.open(browser, daemon, { size, theme });
      await sit(window, people);
      await window.close();
    }
  }
} finally {
  await browser.close();
  await daemon.stop();
}
process.exit();
