// The page in Chromium, driven only by the accessible names that the protocol page promises.
import { chromium } from 'playwright-core';
import { Client } from './raw_clients.mjs';
import { DEADLINE_MS, SLOW } from './wait.mjs';

const LAUNCH = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
};

// Reports every message element the first time its seq shows up, in the order in which the page shows them.
// Needed because a page may drop old elements again, so that the end state tells less than what was shown.
function watchLog() {
  const seen = new Set();
  const report = (elements) => {
    const fresh = elements.filter((el) => el.closest('[role="log"]') && !seen.has(el.dataset.seq));
    for (const el of fresh) seen.add(el.dataset.seq);
    const batch = fresh.map((el) => ({
      seq: Number(el.dataset.seq), nick: el.dataset.nick, via: el.dataset.via, text: el.textContent,
    }));
    if (batch.length) globalThis.testSawMessages(batch);
  };
  new MutationObserver((changes) => {
    const found = new Set();
    for (const change of changes) {
      for (const node of change.type === 'attributes' ? [change.target] : change.addedNodes) {
        if (node.nodeType !== 1) continue;
        if (node.matches('[data-seq]')) found.add(node);
        for (const inner of node.querySelectorAll('[data-seq]')) found.add(inner);
      }
    }
    report([...found]);
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-seq'] });
}

export const launchBrowser = () => chromium.launch({ ...LAUNCH, timeout: 30_000 * SLOW });

export class PageClient extends Client {
  constructor(browser, port) {
    super('page');
    this.browser = browser;
    this.url = `http://127.0.0.1:${port}/`;
  }

  textOf(message) { return message.text; }

  async connect({ nick }) {
    this.nick = nick;
    this.inbox.owner = `page ${nick}`;
    this.context = await this.browser.newContext();  // a person of its own: nothing stored is shared
    this.page = await this.context.newPage();
    this.page.setDefaultTimeout(DEADLINE_MS);
    this.page.on('close', () => this.finish());
    await this.page.exposeFunction('testSawMessages', (batch) => { for (const each of batch) this.inbox.push(each); });
    await this.page.addInitScript(watchLog);
    await this.page.goto(this.url);
    this.log = this.page.getByRole('log', { name: 'Messages' });
    this.box = this.page.getByRole('textbox', { name: 'Message', exact: true });
    const nickname = this.page.getByRole('textbox', { name: 'Nickname' });
    await nickname.fill(nick);
    await nickname.press('Enter');
    await this.page.getByRole('status').filter({ hasText: /\bconnected\b/i }).first().waitFor({ state: 'attached' });
    await this.page.getByRole('list', { name: 'People' }).getByText(nick).first().waitFor({ state: 'attached' });
    return this;
  }

  async say(text) {
    await this.box.fill(text);
    await this.page.getByRole('button', { name: 'Send', exact: true }).click();
  }

  // How often the text can be read in the log right now, pending copies included.
  async shown(text) {
    return (await this.log.innerText()).split(text).length - 1;
  }

  // The message elements now in the page, as {seq, nick, via, text}.
  elements() {
    return this.log.locator('[data-seq]').evaluateAll((all) => all.map((el) => ({
      seq: Number(el.dataset.seq), nick: el.dataset.nick, via: el.dataset.via, text: el.textContent,
    })));
  }

  async close() {
    await this.context?.close();
    this.finish();
  }
}
