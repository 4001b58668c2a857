// A daemon and its clients for one test: `const s = await scene(t); const ann = await s.tcp({ nick: 'ann' });`
// Whatever happens in the test, its clients are closed and its daemon is ended (and judged) after it.
import { startDaemon } from './daemon.mjs';
import { PageClient, TcpClient, TcpRawClient, UdpClient, WsTextClient, WsV1Client, launchBrowser } from './clients.mjs';

class Scene {
  #open = [];
  #browser;

  constructor(daemon) {
    this.daemon = daemon;
  }

  // Anything with close() that this test opened.
  use(closeable) {
    this.#open.push(closeable);
    return closeable;
  }

  tcp(options) { return this.tcpSocket().connect(options); }
  tcpRaw(options) { return this.use(new TcpRawClient(this.daemon.tcp)).connect(options); }
  udp(options) { return this.udpSocket().connect(options); }
  wsText(options) { return this.use(new WsTextClient(this.daemon.http)).connect(options); }
  v1(options) { return this.use(new WsV1Client(this.daemon.http)).connect(options); }
  async page(options) { return this.use(new PageClient(await this.browser(), this.daemon.http)).connect(options); }

  // By the names that tests use for kinds of client.
  client(kind, options) {
    return { tcp: this.tcp, 'tcp-raw': this.tcpRaw, udp: this.udp, 'ws-text': this.wsText, 'ws-v1': this.v1, page: this.page }[kind]
      .call(this, options);
  }

  // Sockets that have not said or heard anything yet.
  tcpSocket(options) { return this.use(new TcpClient(this.daemon.tcp, options)); }
  udpSocket(options) { return this.use(new UdpClient(this.daemon.udp, options)); }
  wsTextSocket(options) { return this.use(new WsTextClient(this.daemon.http, options)); }
  v1Socket(options) { return this.use(new WsV1Client(this.daemon.http, options)); }

  async browser() {
    this.#browser ??= this.use(await launchBrowser());
    return this.#browser;
  }

  // Time passes at the daemon: a client that sends its first text without a line end is heard only when the rule on
  // unterminated input has run out for it, and so it has for whatever came before.
  async unterminatedRulePasses(observer, text) {
    const late = await this.tcpRaw();
    await late.say(text);
    await observer.hears(text);
  }

  async end() {
    const failures = [];
    for (const each of this.#open.reverse()) await each.close().catch((error) => failures.push(error));
    await this.daemon.stop().catch((error) => failures.push(error));
    if (failures.length) throw failures[0];
  }
}

export async function scene(t, options) {
  const made = new Scene(await startDaemon(options));
  t.after(() => made.end());
  return made;
}
