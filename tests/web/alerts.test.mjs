import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Alerts } from '../../web/js/alerts.js';
import { Directs } from '../../web/js/directs.js';
import { Store } from '../../web/js/store.js';
import { FakeClock } from './fakes.mjs';

// Two channels of one name, as a browser has them: each hears the other.
function channels() {
  const all = [{}, {}];
  all.forEach((one, index) => { one.postMessage = (data) => all[1 - index].onmessage?.({ data }); });
  return all;
}

function setup({ channel = null, random = () => 0, clock = new FakeClock(), directs: kept } = {}) {
  const store = new Store();
  const directs = new Directs(kept);
  store.nick = 'ann';
  directs.called('ann');
  for (const room of ['lobby', 'dev']) {
    store.joined({ room, epoch: 'e', head: 0, members: [] });
  }
  const s = { store, directs, clock, visible: true, focused: true, muted: new Set(), told: [], withdrawn: [], totals: [], seq: 0 };
  const shown = (place) => s.visible && (place.key ?? place.name) === store.current;
  const alerts = new Alerts({
    places: () => [...store.rooms.values(), ...directs.conversations.values()],
    self: () => 'ann', isShown: shown, isLookedAt: (place) => s.focused && shown(place), muted: () => s.muted,
    tell: ({ place, count, entry }) => s.told.push([place.key ?? place.name, count, entry.text]),
    withdraw: (key) => s.withdrawn.push(key),
    total: (n) => s.totals.push(n),
    read: (key, upTo) => { store.read(key, upTo); directs.read(key); s.look(); },
  }, { channel, clock, random });
  return Object.assign(s, {
    look: () => alerts.look(),
    say(room, text, nick = 'bob') {
      store.message({ room, seq: s.seq += 1, at: '2026-01-01T00:00:00Z', nick, via: 'ws', text });
      alerts.look();
    },
    direct(text, nick = 'bob', to = 'ann') {
      directs.received({ nick, to, at: '2026-01-01T00:00:00Z', via: 'ws', text, id: 'x' });
      alerts.look();
    },
    show(place) { store.show(place); directs.show(place); alerts.look(); },
    attend(how) {
      Object.assign(s, how);
      store.attend(s.visible && s.focused);
      directs.attend(s.visible && s.focused);
      alerts.look();
    },
    hide: (away = true) => s.attend({ visible: !away }),
  });
}

test('a mention elsewhere is told once, plain talk is not', () => {
  const s = setup();
  s.show('lobby');
  s.say('dev', 'hello all');
  s.say('dev', 'hi ann');
  assert.deepEqual(s.told, [], 'not at once: more may come');
  s.clock.advance(1000);
  assert.deepEqual(s.told, [['dev', 1, 'hi ann']]);
  s.clock.advance(10_000);
  assert.equal(s.told.length, 1);
  assert.deepEqual(s.totals, [1]);
});

test('a burst is told as one, with the newest that is meant for us', () => {
  const s = setup();
  s.show('lobby');
  for (let i = 1; i <= 5; i += 1) s.say('dev', `ann: ${i}`);
  s.say('dev', 'something else');
  s.clock.advance(1000);
  assert.deepEqual(s.told, [['dev', 5, 'ann: 5']]);
});

test('what is before the eyes is not told, and what comes while the page is hidden is', () => {
  const s = setup();
  s.show('lobby');
  s.say('lobby', 'hi ann');
  s.clock.advance(1000);
  assert.deepEqual(s.told, []);
  s.hide();
  s.say('lobby', 'still there, ann?');
  s.clock.advance(1000);
  assert.deepEqual(s.told, [['lobby', 1, 'still there, ann?']]);
  assert.deepEqual(s.totals, [1]);
  s.hide(false);
  assert.deepEqual(s.totals, [1, 0]);
  assert.deepEqual(s.withdrawn, ['lobby']);
});

test('whoever comes back at once is not told', () => {
  const s = setup();
  s.show('lobby');
  s.hide();
  s.say('lobby', 'hi ann');
  s.hide(false);
  s.clock.advance(1000);
  assert.deepEqual(s.told, []);
});

test('direct messages are told, one\'s own from elsewhere are not', () => {
  const s = setup();
  s.show('lobby');
  s.direct('psst');
  s.direct('mine', 'ann', 'bob');
  s.clock.advance(1000);
  assert.deepEqual(s.told, [['@bob', 1, 'psst']]);
  assert.deepEqual(s.totals, [1]);
  s.show('@bob');
  assert.deepEqual(s.totals, [1, 0]);
  s.hide();
  s.direct('again');
  s.clock.advance(1000);
  assert.deepEqual(s.told.at(-1), ['@bob', 1, 'again']);
});

test('a place that is muted tells nothing and counts for nothing', () => {
  const s = setup();
  s.show('lobby');
  s.muted.add('dev');
  s.say('dev', 'hi ann');
  s.clock.advance(1000);
  assert.deepEqual(s.told, []);
  assert.deepEqual(s.totals, []);
  assert.equal(s.store.rooms.get('dev').mentions, 1, 'it is only not told');
  s.muted.delete('dev');
  s.look();
  assert.deepEqual(s.totals, [1]);
});

test('what was unread before a reload is counted and not told again', () => {
  const s = setup({ directs: [{ nick: 'bob', via: 'ws', unread: 2, open: true, entries: [] }] });
  s.look();
  s.clock.advance(1000);
  assert.deepEqual(s.told, []);
  assert.deepEqual(s.totals, [2]);
});

test('mentions from before a reload count and are not told; those that were missed are, and so is what comes next', () => {
  const s = setup();
  s.show('lobby');
  s.store.rooms.delete('dev');
  const join = (head) => s.store.joined({ room: 'dev', epoch: 'e', head, members: [] });
  join(2);
  s.store.rooms.get('dev').readTo = 0;
  s.say('dev', 'ann: one');
  s.say('dev', 'ann: two');
  s.clock.advance(1000);
  assert.deepEqual([s.told, s.totals.at(-1)], [[], 2]);
  s.say('dev', 'ann: three');
  s.clock.advance(1000);
  assert.deepEqual(s.told, [['dev', 1, 'ann: three']]);
  join(4);
  s.say('dev', 'ann: four');
  s.clock.advance(1000);
  assert.deepEqual(s.told.at(-1), ['dev', 1, 'ann: four']);
});

test('what one tab has read is not told by another that hears of it later', () => {
  const [here, there] = channels();
  const one = setup({ channel: here });
  const other = setup({ channel: there });
  one.show('lobby');
  other.hide();
  one.say('lobby', 'hi ann');
  other.say('lobby', 'hi ann');
  other.clock.advance(1000);
  assert.deepEqual([other.told, other.totals], [[], []]);
  other.say('lobby', 'still there, ann?');
  other.clock.advance(1000);
  assert.equal(other.told.length, 1);
});

test('a conversation that has another key is the same', () => {
  const s = setup();
  s.show('lobby');
  s.direct('psst');
  s.clock.advance(1000);
  s.directs.renamed('bob', 'rob');
  s.look();
  s.clock.advance(1000);
  assert.equal(s.told.length, 1);
});

test('of two hidden tabs one tells', () => {
  const [first, second] = channels();
  const clock = new FakeClock();
  const a = setup({ channel: first, clock, random: () => 0.1 });
  const b = setup({ channel: second, clock, random: () => 0.9 });
  for (const tab of [a, b]) {
    tab.show('lobby');
    tab.hide();
    tab.say('lobby', 'hi ann');
  }
  clock.advance(1000);
  assert.deepEqual([a.told.length, b.told.length], [1, 0]);
  assert.deepEqual([a.totals, b.totals], [[1], [1]], 'and both count');
  b.hide(false);
  assert.deepEqual(a.totals, [1, 0], 'what is read in one is read in all');
  assert.equal(a.store.rooms.get('lobby').unread, 0);
});

test('what is read in one tab as it comes is not told by a hidden one', () => {
  const [first, second] = channels();
  const clock = new FakeClock();
  const hidden = setup({ channel: first, clock });
  const looking = setup({ channel: second, clock });
  hidden.show('lobby');
  looking.show('lobby');
  hidden.hide();
  looking.say('lobby', 'anything');
  hidden.say('lobby', 'hi ann');
  looking.say('lobby', 'hi ann');
  clock.advance(1000);
  assert.deepEqual(hidden.told, []);
  assert.equal(hidden.totals.at(-1), 0);
});

test('a conversation that is read in one tab is read in the other, from its first message on', () => {
  const [first, second] = channels();
  const [hidden, looking] = [setup({ channel: first }), setup({ channel: second })];
  const unread = () => hidden.directs.conversations.get('@bob').unread;
  looking.directs.begin('bob');
  looking.show('@bob');
  hidden.show('lobby');
  hidden.direct('psst');
  looking.direct('psst');
  assert.equal(unread(), 0);
  looking.show('lobby');
  for (const tab of [looking, hidden]) tab.direct('and?');
  assert.equal(unread(), 1);
  looking.show('@bob');
  assert.equal(unread(), 0);
});

test('who sees a conversation without looking at it has not read it, in no tab', () => {
  const [first, second] = channels();
  const [hidden, seen] = [setup({ channel: first }), setup({ channel: second })];
  const unread = () => [hidden, seen].map(({ directs }) => directs.conversations.get('@bob').unread);
  hidden.show('lobby');
  seen.directs.begin('bob');
  seen.show('@bob');
  seen.attend({ focused: false });
  for (const tab of [hidden, seen]) tab.direct('psst');
  assert.deepEqual(unread(), [1, 1]);
  seen.attend({ focused: true });
  assert.deepEqual(unread(), [0, 0]);
});

test('of a place that was left nothing is told any more, and what was is withdrawn; another tab keeps it', () => {
  const [first, second] = channels();
  const [s, other] = [setup({ channel: first }), setup({ channel: second })];
  for (const tab of [s, other]) tab.show('lobby');
  other.say('dev', 'hi ann');
  s.say('dev', 'hi ann');
  s.store.remove('dev');
  s.look();
  s.clock.advance(1000);
  assert.deepEqual(s.told, []);
  assert.deepEqual([s.withdrawn, s.totals], [['dev'], [1, 0]]);
  assert.equal(other.store.rooms.get('dev').mentions, 1);
});

test('what is muted is asked for once a look, however many places there are', () => {
  const s = setup();
  let asked = 0;
  Object.defineProperty(s, 'muted', { get: () => { asked += 1; return []; } });
  s.look();
  assert.equal(asked, 1);
});
