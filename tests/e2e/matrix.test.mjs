// Every kind of client talks to every kind: each message exactly once, nothing back to raw senders, one order for all.
import assert from 'node:assert/strict';
import test from 'node:test';
import { scene } from '../support/scene.mjs';

const VIA = { tcp: 'tcp', 'tcp-raw': 'tcp', udp: 'udp', 'ws-text': 'ws', 'ws-v1': 'ws', page: 'ws' };
const KINDS = Object.keys(VIA);
const hearsItself = (client) => client.kind === 'ws-v1' || client.kind === 'page';

// Marked at both ends, so that no token is part of another.
const token = (client, n) => `=${client.nick}:${n}=`;
const tokens = (client) => client.texts().map((text) => /=\w+:\w+=/.exec(text)?.[0]).filter(Boolean);
const own = (client) => (each) => each.startsWith(`=${client.nick}:`);

function checkForm(receiver, item, sender, text) {
  if (typeof item === 'string') return assert.equal(item, `${sender.nick}: ${text}`);
  assert.equal(item.nick, sender.nick);
  assert.equal(item.via, VIA[sender.kind], `${receiver.nick} sees over what ${sender.nick} speaks`);
  assert.ok(Number.isSafeInteger(item.seq) && item.seq > 0, `seq ${item.seq}`);
  if (receiver.kind === 'ws-v1') assert.equal(item.text, text);
}

test('six kinds of client in one room hear each other exactly once and in one order', async (t) => {
  const s = await scene(t);
  const observer = await s.v1({ nick: 'observer' });
  const clients = [];
  for (const kind of KINDS) {
    await t.test(`two ${kind} clients come in`, async () => {
      for (const who of ['ann', 'bob']) clients.push(await s.client(kind, { nick: `${who}_${kind.replace('-', '')}` }));
    });
  }
  const of = (kind) => clients.filter((client) => client.kind === kind);

  for (const sender of KINDS) {
    for (const receiver of KINDS) {
      await t.test(`${sender} is heard by ${receiver}`, async () => {
        const [from] = of(sender);
        const to = of(receiver).at(-1);
        assert.ok(from && to, 'both came in');
        const text = token(from, receiver.replace('-', ''));
        await from.say(text);
        checkForm(to, await to.hears(text), from, text);
        await observer.hears(text);  // a client without line ends says the next only when this one is through
      });
    }
  }

  await t.test('all at once', async () => {
    await Promise.all(clients.map(async (client) => {
      for (let n = 0; n < 5; n++) {
        await client.say(token(client, n));
        await observer.hears(token(client, n));
      }
    }));
  });

  // Order is guaranteed, so whatever was to come, or was wrongly sent twice, is there when the last marker is.
  await observer.publish('=observer:end=');
  for (const client of clients) await client.hears('=observer:end=');
  const order = tokens(observer);
  assert.equal(new Set(order).size, order.length, 'the observer has no message twice');

  for (const client of clients) {
    const name = hearsItself(client) ? 'everything once, its own messages too' : 'everything once, but nothing of its own';
    await t.test(`${client.inbox.owner} has heard ${name}, in the common order`, async () => {
      const expected = hearsItself(client) ? order : order.filter((each) => !own(client)(each));
      assert.deepEqual(tokens(client), expected);
    });
  }

  for (const page of of('page')) {
    await t.test(`${page.inbox.owner} shows every message once, sorted by seq`, async () => {
      const elements = await page.elements();
      const seqs = elements.map((element) => element.seq);
      assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
      for (const each of order) assert.equal(await page.shown(each), 1, `${each} is to be read once`);
    });
  }
});
