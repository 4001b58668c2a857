// kill -9, again and again, under writers that pipeline and readers of every kind: what was acknowledged is there once,
// what anybody saw is there, and who comes back has missed nothing. (Of a burst of datagrams the kernel loses some, so no
// UDP client is among them.)
import assert from 'node:assert/strict';
import test from 'node:test';
import { randomFrom, seed } from '../support/random.mjs';
import { Lives, history, stateDirectory } from '../support/state.mjs';
import { TcpClient, WsTextClient, WsV1Client } from '../support/clients.mjs';
import { SLOW } from '../support/wait.mjs';
import { EventSource } from '../support/event_source.mjs';

const KILLS = SLOW > 1 ? 5 : 20;
const WRITERS = 16, WINDOW = 32;
const DEADLINE = 30_000 * SLOW;

// Says numbered texts, WINDOW of them unacknowledged at a time; after a crash it says again what was not acknowledged.
class Writer {
  acked = new Map();  // text -> seq
  #waiting = new Map();  // id -> text
  #next = 0;
  #stopped = false;

  constructor(name, onAck) {
    Object.assign(this, { name, onAck });
  }

  async live(port) {
    const client = new WsV1Client(port);
    client.ws.on('message', () => this.#look(client));
    this.seen = 0;
    this.client = client;
    await client.connect({ nick: this.name, session: this.session });
    this.session = client.session;
    this.seen = client.events.length;
    for (const [id, text] of this.#waiting) client.say(text, { id });
    this.#fill();
  }

  #look(client) {
    if (client !== this.client || client.session === undefined) return;
    for (; this.seen < client.events.length; this.seen++) {
      const event = client.events[this.seen];
      if (event.type === 'error') throw new Error(`${this.name}: ${JSON.stringify(event)}`);
      if (event.type !== 'ack') continue;
      const text = this.#waiting.get(event.id);
      if (text === undefined) continue;
      this.#waiting.delete(event.id);
      this.acked.set(text, event.seq);
      this.onAck();
    }
    this.#fill();
    client.inbox.poke();
  }

  #fill() {
    while (!this.#stopped && this.#waiting.size < WINDOW) {
      const n = this.#next++, text = `${this.name}-${n}.`;
      this.#waiting.set(`${this.name}-${n}`, text);
      this.client.say(text, { id: `${this.name}-${n}` });
    }
  }

  async stop() {
    this.#stopped = true;
    await this.client.until(() => this.#waiting.size === 0, 'all its acks', DEADLINE);
    this.said = this.#next;
  }
}

// Reads on where it stopped, by seq.
class V1Reader {
  messages = [];
  async live(port) {
    const last = this.messages.at(-1)?.seq ?? this.from;
    this.client = new WsV1Client(port);
    await this.client.connect({ session: this.session, after: last, epoch: this.epoch });
    const { session, joined } = this.client;
    if (this.epoch !== undefined) {
      assert.equal(joined.epoch, this.epoch, 'the epoch outlives the process');
      assert.equal(session, this.session, 'the session outlives the process');
      assert.equal(joined.recovered, true);
    }
    Object.assign(this, { session, epoch: joined.epoch });
    this.from ??= joined.head;
  }

  dies() {
    assert.ok(!this.client.events.some((event) => event.type === 'gap'));
    // Without a place it begins with some that were said before.
    this.messages.push(...this.client.messages('lobby').filter((message) => message.seq > this.from));
  }
}

// A line client that comes back with its token.
class RawReader {
  lines = [];
  constructor(make) { this.make = make; }

  async live(daemon) {
    const client = this.make(daemon);
    this.client = client;
    await client.connect();
    await client.say(this.token === undefined ? '/resume' : `/resume ${this.token}`);
    const line = await client.next(/^\*\*\* .*\/resume [a-z2-7]{26}/, 'a token to come back with', DEADLINE);
    this.token = /\/resume ([a-z2-7]{26})/.exec(line)[1];
  }

  dies() {
    this.lines.push(...this.client.lines.map((line) => line.replace(/^\[\d\d:\d\d\] /, '')));
  }
}

class SseReader {
  messages = [];
  async live(port) {
    this.client = new EventSource(`http://127.0.0.1:${port}/api/rooms/lobby/events`, this.last);
    await this.client.opened;
  }

  dies() {
    for (const event of this.client.events) this.messages.push(JSON.parse(event.data));
    this.last = this.client.events.at(-1)?.id ?? this.last;
    this.client.close();
  }
}

const textOf = (line) => /: (.*)$/.exec(line)?.[1];

for (const sync of ['full', 'normal']) {
  test(`killed ${KILLS} times with sync ${sync}: acknowledged once, seen by none that is gone, missed by nobody`, { timeout: 280_000 * SLOW }, async (t) => {
    const random = randomFrom(seed);
    t.diagnostic(`seed ${seed}`);
    const lives = new Lives(stateDirectory(t), ['--set', `journal.sync=${sync}`, '--set', 'room.window_bytes=65536']);
    t.after(() => lives.daemon.stop());
    let acks = 0, wanted = Infinity, enough = () => {};
    const writers = Array.from({ length: WRITERS }, (_, n) => new Writer(`w${n}`, () => {
      if (++acks >= wanted) enough();
    }));
    const v1 = [new V1Reader(), new V1Reader()];
    const raw = [
      new RawReader((daemon) => new TcpClient(daemon.tcp)), new RawReader((daemon) => new TcpClient(daemon.tcp)),
      new RawReader((daemon) => new WsTextClient(daemon.http)),
    ];
    const sse = [new SseReader()];
    const readers = [...v1, ...raw, ...sse];
    let daemon = await lives.start();
    const live = async () => {
      // Readers first: what they miss is only what was said while they were away.
      await Promise.all([...v1, ...sse].map((reader) => reader.live(daemon.http)).concat(raw.map((reader) => reader.live(daemon))));
      await Promise.all(writers.map((writer) => writer.live(daemon.http)));
    };
    await live();
    for (let kill = 0; kill < KILLS; kill++) {
      const more = 100 + random(900);
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${more} acks in time; the log:\n${daemon.log()}`)), DEADLINE);
        enough = () => { clearTimeout(timer); wanted = Infinity; resolve(); };
        wanted = acks + more;
      });
      await lives.kill();
      await Promise.all([...writers, ...readers].map((each) => each.client.whenClosed('the crash', DEADLINE)));
      for (const reader of readers) reader.dies();
      daemon = await lives.start();
      await live();
    }
    await Promise.all(writers.map((writer) => writer.stop()));
    const mark = new Writer('mark', () => {});
    await mark.live(daemon.http);
    await mark.stop();
    const end = `mark-${mark.said - 1}.`;
    await Promise.all([...v1, ...raw].map((reader) => reader.client.hears(end, DEADLINE)));
    await sse[0].client.hears(end, DEADLINE);
    for (const reader of readers) reader.dies();

    const kept = await history(daemon.http);
    const texts = kept.map((message) => message.text);
    const bySeq = new Map(kept.map((message) => [message.seq, message.text]));
    for (let n = 1; n < kept.length; n++) assert.ok(kept[n].seq > kept[n - 1].seq, 'history is in the order of seq');
    assert.equal(new Set(texts).size, texts.length, 'nothing is there twice');
    for (const writer of [...writers, mark]) {
      assert.equal(writer.acked.size, writer.said, `${writer.name} has an ack for all it said`);
      for (const [text, seq] of writer.acked) assert.equal(bySeq.get(seq), text, `${text} is where its ack says`);
    }
    assert.equal(kept.length, [...writers, mark].reduce((sum, writer) => sum + writer.said, 0), 'and nothing else');
    for (const reader of v1) {
      assert.deepEqual(reader.messages.map((message) => message.seq), kept.filter((message) => message.seq > reader.from).map((message) => message.seq));
    }
    for (const reader of sse) {
      const from = kept.findIndex((message) => message.seq === reader.messages[0].seq);
      assert.deepEqual(reader.messages.map((message) => message.seq), kept.slice(from).map((message) => message.seq));
    }
    for (const reader of raw) {
      const got = reader.lines.filter((line) => /^(w\d+|mark): /.test(line)).map(textOf);
      const from = texts.indexOf(got[0]), had = new Set(got);
      assert.ok(from >= 0);
      for (const text of got) assert.ok(texts.includes(text), `${text} was seen and is kept`);
      assert.deepEqual(texts.slice(from).filter((text) => !had.has(text)), [], 'a raw client that came back missed nothing');
      assert.ok(!reader.lines.some((line) => line.startsWith('*** you missed')));
    }
    t.diagnostic(`${kept.length} messages, ${KILLS} kills`);
  });
}
