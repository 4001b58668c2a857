// Server-Sent Events as a browser's EventSource reads them (WHATWG HTML, section 9.2), for one connection.
import http from 'node:http';
import { Inbox, defer, within } from './wait.mjs';

export class EventSource {
  #inbox = new Inbox('sse');
  #opened = defer();
  #ended = defer();

  constructor(url, lastEventId = undefined, headers = {}) {
    if (lastEventId !== undefined) headers = { ...headers, 'Last-Event-ID': lastEventId };
    this.opened = within(this.#opened.promise, () => 'the events begin');
    this.opened.catch(() => {});
    this.request = http.get(url, { headers: { Accept: 'text/event-stream', ...headers }, agent: false }, (response) => {
      this.response = response;
      if (response.statusCode !== 200) return this.#opened.reject(new Error(`events: ${response.statusCode}`));
      this.#opened.resolve();
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          this.#block(text.slice(0, end));
          text = text.slice(end + 2);
        }
      });
      response.on('error', () => this.#end());
      response.on('close', () => this.#end());
    });
    this.request.on('error', (error) => { this.#opened.reject(error); this.#end(); });
  }

  // {id, event, data}; comments are no events.
  get events() { return this.#inbox.items; }

  #block(text) {
    const event = { data: [] };
    for (const line of text.split('\n')) {
      const [, name, value] = /^([^:]*)(?:: ?(.*))?$/.exec(line);
      if (name === 'data') event.data.push(value ?? '');
      else if (name === 'id' || name === 'event') event[name] = value;
    }
    if (event.data.length) this.#inbox.push({ ...event, data: event.data.join('\n') });
  }

  #end() {
    this.#inbox.end('sse was disconnected');
    this.#ended.resolve();
  }

  until(condition, what, ms) { return this.#inbox.until(condition, what, ms); }
  async hears(text, ms) {
    return (await this.#inbox.find((event) => JSON.parse(event.data).text === text, `"${text}"`, { ms })).item;
  }
  whenClosed(what = 'the end', ms = undefined) { return within(this.#ended.promise, () => `sse sees ${what}`, ms); }
  async close() {
    this.request.destroy();
    await this.whenClosed();
  }
}
