// A daemon of the test's own, and everyone who talks to it; all of them are gone after the test, and no page complained.
import { TcpClient, UdpClient, WsV1Client } from '../support/clients.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { Person } from './browser.mjs';

export async function scene(t, browser, options) {
  const open = [];
  const keep = (each) => { open.push(each); return each; };
  const s = {
    daemon: await startDaemon(options),
    url: (room = '') => `http://127.0.0.1:${s.daemon.http}/${room && `#${room}`}`,
    /** more: options of the browser context; prepare(person): before the page is opened. */
    async person(nick, { room = '', host = '127.0.0.1', prepare, ...more } = {}) {
      const address = `http://${host}:${s.daemon.http}/${room && `#${room}`}`;
      const person = keep(await Person.open(browser, prepare ? 'about:blank' : address, more));
      if (prepare) {
        await prepare(person);
        await person.page.goto(address);
      }
      return nick === undefined ? person : person.enter(nick);
    },
    tcp: (nick, room) => keep(new TcpClient(s.daemon.tcp)).connect({ nick, room }),
    v1: (how) => keep(new WsV1Client(s.daemon.http)).connect(how),
    udp: (nick) => keep(new UdpClient(s.daemon.udp)).connect({ nick }),
    /** Another run of the daemon, at the same address for browsers. */
    async restart(meanwhile = async () => {}) {
      const { http } = s.daemon;
      await s.daemon.stop();
      await meanwhile();
      s.daemon = await startDaemon({ args: ['--http', `127.0.0.1:${http}`] });
    },
  };
  t.after(async () => {
    const failures = [];
    for (const each of open.reverse()) await each.close().catch((error) => failures.push(error));
    await s.daemon.stop().catch((error) => failures.push(error));
    if (failures.length) throw failures[0];
  });
  return s;
}

/** The WebSockets that the pages of a person open from now on; cut, they are lost and none can be opened. */
export async function networkOf({ context }) {
  const open = new Set();
  let up = true;
  await context.routeWebSocket(/\/ws$/, (socket) => {
    if (!up) return socket.close();
    const server = socket.connectToServer();
    open.add(() => { socket.close(); server.close({ code: 4000 }); });
  });
  return {
    cut() {
      up = false;
      for (const close of open) close();
    },
    mend() { up = true; },
  };
}

/** What a raw client writes: so many messages. */
export const lines = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}.\n`).join('');

/** Whether a reader sees something of it. */
export const isInSight = (locator) => locator.evaluate((row) => {
  const log = row.closest('[role="log"]').getBoundingClientRect();
  const { top, bottom } = row.getBoundingClientRect();
  return bottom > log.top && top < log.bottom;
});
