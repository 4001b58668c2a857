// Twenty people on all transports talk at once: 5,000 messages, and everybody sees the same order.
import assert from 'node:assert/strict';
import test from 'node:test';
import { scene } from '../support/scene.mjs';
import { randomFrom, seed } from '../support/random.mjs';
import { DEADLINE_MS } from '../support/wait.mjs';

const PEOPLE = { tcp: 6, udp: 4, 'ws-text': 4, 'ws-v1': 5, page: 1 };
const TOTAL = 5000;
const BY_PAGE = 15;     // a person types slowly, so the others wait for it now and then: all talk to the end
const WINDOW = 4;       // own messages not yet seen by the observer: keeps UDP sockets from flooding
const PAGE_LAG = 400;   // so that the page, which has to draw, does not fall out of what the room keeps

const tokenOf = (text) => /#\w+\.\d+#/.exec(text)?.[0];
const tokens = (client) => client.texts().map(tokenOf).filter(Boolean);

function isSubsequence(part, whole) {
  let at = 0;
  for (const each of part) {
    at = whole.indexOf(each, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

const increasing = (numbers) => numbers.every((n, i) => i === 0 || n > numbers[i - 1]);

// Counts, per sender, what the observer has seen; looks at each event once.
function counter(observer) {
  const seen = new Map();
  let at = 0;
  return (nick) => {
    for (; at < observer.events.length; at++) {
      const event = observer.events[at];
      if (event.type === 'message') seen.set(event.nick, (seen.get(event.nick) ?? 0) + 1);
    }
    return seen.get(nick) ?? 0;
  };
}

test('20 mixed clients, 5,000 messages at once: the same order everywhere', async (t) => {
  t.diagnostic(`CHATBRIDGE_TEST_SEED=${seed}`);
  const random = randomFrom(seed);
  const s = await scene(t);
  const observer = await s.v1({ nick: 'observer' });
  const clients = [];
  for (const [kind, count] of Object.entries(PEOPLE)) {
    for (let n = 0; n < count; n++) clients.push(await s.client(kind, { nick: `${kind.replace('-', '')}_${n}` }));
  }
  const page = clients.find((client) => client.kind === 'page');
  const talkers = clients.filter((client) => client !== page);
  const seenOf = counter(observer);
  let sent = 0;
  let sentByPage = 0;
  let drawn = 0;  // the highest number that the page has shown
  let at = 0;
  const notAhead = (items) => {
    for (; at < items.length; at++) drawn = Math.max(drawn, items[at].seq);
    return drawn >= sent - PAGE_LAG && sent <= (sentByPage + 1) * (TOTAL / BY_PAGE);
  };

  async function talk(client, count) {
    for (let n = 0; n < count; n++) {
      await observer.until(() => seenOf(client.nick) > n - WINDOW, `message ${n - WINDOW} of ${client.nick}`);
      if (client !== page) await page.until(notAhead, `what was said ${PAGE_LAG} messages ago`);
      sent += 1;
      if (client === page) sentByPage += 1;
      await client.say(`#${client.nick}.${n}# ${'x'.repeat(random(200))}`);
    }
  }

  const share = Math.floor((TOTAL - BY_PAGE) / talkers.length);
  const rest = TOTAL - BY_PAGE - share * talkers.length;
  await Promise.all([talk(page, BY_PAGE), ...talkers.map((client, i) => talk(client, share + (i < rest ? 1 : 0)))]);
  await observer.until((events) => events.filter((event) => event.type === 'message').length >= TOTAL, `${TOTAL} messages`);
  await observer.publish('#observer.0#');
  for (const client of clients) await client.hears('#observer.0#', 2 * DEADLINE_MS);

  const order = tokens(observer);
  const seqs = observer.messages().map((message) => message.seq);
  assert.equal(order.length, TOTAL + 1);
  assert.equal(new Set(order).size, TOTAL + 1, 'nothing twice');
  assert.ok(increasing(seqs), 'seq grows strictly');

  for (const client of clients) {
    const mine = `#${client.nick}.`;
    const others = order.filter((each) => !each.startsWith(mine));
    await t.test(`${client.inbox.owner} has the common order`, async () => {
      if (client.kind === 'udp') {
        const heard = tokens(client);
        t.diagnostic(`${client.nick} received ${heard.length} of ${others.length} datagrams`);
        assert.ok(isSubsequence(heard, others), 'in order, nothing twice, nothing of its own');
        assert.ok(heard.length > others.length / 10, 'most datagrams arrive on a quiet loopback');
      } else if (client.kind === 'ws-v1') {
        assert.deepEqual(tokens(client), order);
        assert.deepEqual(client.messages().map((message) => message.seq), seqs);
      } else if (client.kind === 'page') {
        // It draws what is near its reader: of many that come within one frame not all.
        const said = new Map(seqs.map((seq, i) => [seq, order[i]]));
        const shown = client.inbox.items;
        t.diagnostic(`${client.nick} showed ${shown.length} of ${order.length}`);
        for (const { seq, text } of shown) assert.equal(tokenOf(text), said.get(seq));
        assert.ok(shown.length > order.length / 20, 'it goes along');
        const now = (await client.elements()).map((element) => element.seq);
        assert.ok(increasing(now), 'what the page shows now is sorted and without duplicates');
      } else {
        assert.deepEqual(tokens(client), others);
      }
    });
  }
});
