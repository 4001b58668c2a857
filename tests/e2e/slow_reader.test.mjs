// Two readers are stopped (SIGSTOP) while 100 MB go through their room: nobody else notices, and awake again they are
// told what they missed.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { Program } from '../support/program.mjs';
import { scene } from '../support/scene.mjs';
import { SLOW } from '../support/wait.mjs';

const LENGTH = 4000;
const MB = 1e6;
const SPEAKERS = 3;
const WINDOW = 20;  // messages a speaker may be ahead of the observer, so that nobody who reads falls behind
const READER = fileURLToPath(new URL('../support/programs/v1_reader.mjs', import.meta.url));

// A slow build gets less to do, or the file would take minutes; without the factor it is the full amount.
const LOAD = Math.round((100 * MB) / SLOW / LENGTH);
const BASELINE = Math.round(LOAD / 5);

const textOf = (token) => `${token} `.padEnd(LENGTH, 'x');
// A copy of the beginning; a plain slice would keep the whole text in memory.
const headOf = (text) => Buffer.from(text.slice(0, 60)).toString();
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];

class Room {
  constructor(s) {
    this.s = s;
    this.seen = 0;      // of the load, by the observer
    this.spoken = 0;
    this.peakRss = 0;
  }

  async fill() {
    const { s } = this;
    this.speakers = [];
    for (let n = 0; n < SPEAKERS; n++) this.speakers.push(await s.tcp({ nick: `speaker_${n}` }));
    this.observer = await s.v1({ nick: 'observer' });
    this.prober = await s.v1({ nick: 'prober' });
    for (const speaker of this.speakers) speaker.inbox.keep = headOf;
    for (const v1 of [this.observer, this.prober]) {
      v1.inbox.keep = (event) => (event.text === undefined ? event : { ...event, text: headOf(event.text) });
    }
    this.nc = await s.use(new Program('nc', ['nc', '127.0.0.1', String(s.daemon.tcp)])).connect({ nick: 'sleeper_nc' });
    const url = `ws://127.0.0.1:${s.daemon.http}/ws`;
    this.v1 = s.use(new Program('v1 reader', [process.execPath, READER, url, String(LENGTH)]));
    await this.v1.next(/^joined/);
    return this;
  }

  async #speak(speaker, from, count) {
    for (let n = from; n < from + count; n++) {
      const ahead = this.spoken - SPEAKERS * WINDOW;
      await this.observer.until(() => this.loadSeen() >= ahead, `message ${ahead} of the load`);
      this.spoken += 1;
      await speaker.say(textOf(`=${speaker.nick}:${n}=`));
    }
  }

  #at = 0;
  loadSeen() {
    for (; this.#at < this.observer.events.length; this.#at++) {
      if (this.observer.events[this.#at].nick?.startsWith('speaker_')) this.seen += 1;
    }
    return this.seen;
  }

  // Probes one after the other while the load runs: the time from saying a thing to its ack and its arrival elsewhere.
  async #probe(running, times) {
    for (let n = 0; running(); n++) {
      const id = `=probe ${this.spoken}.${n}=`;
      const start = process.hrtime.bigint();
      await this.prober.publish(id, { id });
      await this.observer.inbox.find((event) => event.id === id, 'the probe', { from: this.probesFrom });
      times.push(Number(process.hrtime.bigint() - start) / 1e6);
      this.probesFrom = this.observer.events.length;
      this.peakRss = Math.max(this.peakRss, this.s.daemon.rss());
    }
  }

  // Sends the load and gives the latencies of the probes meanwhile, in milliseconds.
  async run(messages) {
    const share = Math.ceil(messages / SPEAKERS);
    const times = [];
    let running = true;
    this.probesFrom = this.observer.events.length;
    const first = this.spoken;
    const load = Promise.all(this.speakers.map((speaker) => this.#speak(speaker, first, share)))
      .finally(() => { running = false; });
    await Promise.all([load, this.#probe(() => running, times)]);
    await this.observer.until(() => this.loadSeen() >= this.spoken, 'the whole load');
    return times;
  }
}

// Tokens in the order heard; fails on anything that is shown in part.
function ncTokens(lines) {
  return lines.filter((line) => line.includes(': =')).map((line) => {
    const match = /^(\w+): (=[^=]+=)(?: (x*))?$/.exec(line);
    assert.ok(match, `a line in part: ${line.slice(0, 80)}… (${line.length})`);
    if (match[1].startsWith('speaker_')) assert.equal(line.length, `${match[1]}: `.length + LENGTH, 'a whole text');
    return match[2];
  });
}

function inOrderOnce(tokens, order, who) {
  assert.equal(new Set(tokens).size, tokens.length, `${who} has nothing twice`);
  const place = new Map(order.map((token, n) => [token, n]));
  let last = -1;
  for (const token of tokens) {
    assert.ok(place.get(token) > last, `${who}: ${token} is out of order`);
    last = place.get(token);
  }
}

test('readers stopped for 100 MB slow nobody down, take no memory, and learn what they missed', async (t) => {
  const room = await new Room(await scene(t)).fill();
  const awake = await room.run(BASELINE);
  const before = room.s.daemon.rss();
  room.peakRss = 0;
  room.nc.signal('SIGSTOP');
  room.v1.signal('SIGSTOP');
  const stopped = await room.run(LOAD);

  const [p50, p99, q50, q99] = [quantile(awake, 0.5), quantile(awake, 0.99), quantile(stopped, 0.5), quantile(stopped, 0.99)];
  const growth = room.peakRss - before;
  t.diagnostic(`${awake.length} probes awake: median ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  t.diagnostic(`${stopped.length} probes stopped: median ${q50.toFixed(1)} ms, p99 ${q99.toFixed(1)} ms`);
  t.diagnostic(`memory ${(before / MB).toFixed(1)} MB, grew by ${(growth / MB).toFixed(1)} MB`);

  room.nc.signal('SIGCONT');
  room.v1.signal('SIGCONT');
  await room.nc.next(/^\*\*\* you missed messages from \d\d:\d\d to \d\d:\d\d$/);
  await room.v1.next(/^gap /);
  await room.prober.publish('=later=');
  await room.nc.hears('=later=');
  await room.v1.next('=later=');
  await room.observer.hears('=later=');

  // A sanitizer's daemon cannot take the load as fast as it comes, so there is a queue for everybody.
  await t.test('the latency of the others stayed as it was', { skip: SLOW > 1 }, () => {
    assert.ok(q50 < 3 * p50 + 20 * SLOW, `median ${p50} -> ${q50} ms`);
    assert.ok(q99 < 3 * p99 + 100 * SLOW, `p99 ${p99} -> ${q99} ms`);
  });

  await t.test('the memory of the daemon stayed bounded', () => {
    assert.ok(growth < 64 * MB * SLOW, `grew by ${growth} bytes`);
  });

  await t.test('nc shows whole lines, in order and once, and says what is missing', () => {
    const order = room.observer.texts().map((text) => /^=[^=]+=/.exec(text)[0]);
    const heard = ncTokens(room.nc.lines);
    inOrderOnce(heard, order, 'nc');
    assert.ok(heard.length < order.length, 'something is missing, or nothing was tested');
    assert.equal(heard.at(-1), '=later=');
  });

  await t.test('the v1 reader has whole texts, each once, and a gap that covers all that is missing', () => {
    const messages = room.observer.messages();
    const gaps = room.v1.lines.filter((line) => line.startsWith('gap ')).map((line) => JSON.parse(line.slice(4)));
    const heard = room.v1.lines.filter((line) => line.startsWith('message ')).map((line) => /^message (\d+) (.*)$/.exec(line).slice(1));
    assert.deepEqual(heard.filter(([, token]) => token === 'bad'), []);
    assert.ok(!room.v1.lines.some((line) => /^(closed|error)/.test(line)), 'it was not thrown out');
    inOrderOnce(heard.map(([, token]) => token), messages.map(({ text }) => /^=[^=]+=/.exec(text)[0]), 'the v1 reader');
    const seqs = new Set(heard.map(([seq]) => Number(seq)));
    const told = (seq) => gaps.some((gap) => gap.from <= seq && seq <= gap.to);
    for (const { seq } of messages) {
      assert.ok(seqs.has(seq) !== told(seq), `${seq} is either received or told as missing`);
    }
  });
});
