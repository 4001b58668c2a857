// A browser whose pages fail the test when they complain: script errors, violations of the Content-Security-Policy, errors on the console.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { SLOW } from '../support/wait.mjs';

const LAUNCH = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
};
// A browser reports every connection that fails; while the server is away that is as it should be.
const OUTAGE = /^WebSocket connection to .* failed|^Failed to load resource: net::ERR_/;
export const DEADLINE = 15_000 * SLOW;

export const launchBrowser = (...args) => chromium.launch({ ...LAUNCH, args: [...LAUNCH.args, ...args], timeout: 30_000 * SLOW });

/** One person: a browser context of its own with one page in it. */
export class Person {
  complaints = [];
  outage = false;

  static async open(browser, url, options = {}) {
    const person = new this();
    person.context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    await person.context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    await person.newPage(url);
    return person;
  }

  /** Another tab of the same browser, as a Person that shares this one's. */
  async tab(url) {
    const tab = Object.assign(Object.create(this), { context: this.context });
    await tab.newPage(url);
    return tab;
  }

  async newPage(url) {
    this.page = await this.context.newPage();
    this.page.setDefaultTimeout(DEADLINE);
    this.page.on('pageerror', (error) => this.complaints.push(String(error)));
    this.page.on('console', (line) => {
      if (line.type() === 'error' && !(this.outage && OUTAGE.test(line.text()))) this.complaints.push(line.text());
    });
    this.log = this.page.getByRole('log', { name: 'Messages' });
    this.box = this.page.getByRole('textbox', { name: 'Message', exact: true });
    this.status = this.page.getByRole('status');
    this.people = this.page.getByRole('list', { name: 'People' });
    this.rooms = this.page.getByRole('list', { name: 'Rooms' });
    this.notice = this.page.getByRole('alert');
    await this.page.goto(url);
  }

  async enter(nick) {
    await this.page.getByRole('textbox', { name: 'Nickname' }).fill(nick);
    await this.page.getByRole('button', { name: 'Join' }).click();
    await this.is('connected');
    if (nick && await this.people.isVisible()) await this.people.getByText(nick, { exact: true }).waitFor();  // a phone shows them when asked to
    return this;
  }

  is(word) { return this.status.filter({ hasText: new RegExp(`^${word}`) }).waitFor(); }

  async say(text) {
    await this.box.fill(text);
    await this.page.getByRole('button', { name: 'Send', exact: true }).click();
  }

  /** The message with this text, in a state if one is given. */
  message(text, state) {
    const found = this.log.locator(state ? `.message[data-state="${state}"]` : '.message');
    return found.filter({ has: this.page.locator('.text', { hasText: text }) });
  }

  hears(text) { return this.message(text).and(this.page.locator('[data-seq]')).first().waitFor(); }

  /** Everything in the log that is in the room, from top to bottom. */
  messages() {
    return this.log.locator('.message[data-seq]').evaluateAll((all) => all.map((each) => ({
      seq: Number(each.dataset.seq), nick: each.dataset.nick, via: each.dataset.via, text: each.querySelector('.text').textContent,
    })));
  }

  async texts() { return (await this.messages()).map((message) => message.text); }

  async close() {
    await this.context.close();
    assert.deepEqual(this.complaints, [], 'the page complained');
  }
}
