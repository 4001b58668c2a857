import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sum } from '../../web/js/comings.js';
import { joined, message, setup } from './store_scene.mjs';

test('messages stand in the order of their numbers, whatever order they come in', () => {
  const { store, kinds } = setup();
  store.joined(joined());
  for (const seq of [3, 9, 5, 4, 100]) store.message(message(seq));
  assert.deepEqual(kinds(), [3, 4, 5, 9, 100]);
});

test('the same number in the same epoch shows once', () => {
  const { store, room, kinds } = setup();
  store.joined(joined());
  assert.ok(store.message(message(3)));
  assert.equal(store.message(message(3, { text: 'other' })), null);
  store.history({ room: 'lobby', messages: [message(2), message(3)], more: false });
  assert.deepEqual(kinds(), [2, 3]);
  assert.equal(room.entries[1].text, 't3');
});

test('older messages are asked for from the oldest one here', () => {
  const { store } = setup();
  store.joined(joined({ head: 9 }));
  store.message(message(8));
  store.message(message(9));
  store.history({ room: 'lobby', messages: [message(7)], more: true });
  assert.equal(store.oldest('lobby'), 7);
});

test('in the same epoch a rejoin goes on without a line', () => {
  const { store, kinds } = setup();
  store.joined(joined());
  store.message(message(1));
  store.disconnected();
  store.joined(joined({ head: 2 }));
  store.message(message(2));
  assert.deepEqual(kinds(), [1, 2]);
});

test('another epoch starts below a line, with its own numbers', () => {
  const { store, room, kinds } = setup();
  store.joined(joined());
  store.message(message(1));
  store.message(message(7));
  store.joined(joined({ epoch: 'e2', head: 1, recovered: false }));
  store.message(message(1, { text: 'new' }));
  assert.deepEqual(kinds(), [1, 7, 'epoch', 1]);
  store.message(message(3));
  store.history({ room: 'lobby', messages: [message(2)], more: false });
  assert.deepEqual(kinds(), [1, 7, 'epoch', 1, 2, 3]);
  assert.equal(room.epoch, 'e2');
});

test('an epoch line needs something above it', () => {
  const { store, kinds } = setup();
  store.joined(joined());
  store.joined(joined({ epoch: 'e2' }));
  assert.deepEqual(kinds(), []);
});

test('a gap stands at its place, and once when it is told again', () => {
  const { store, room, kinds } = setup();
  store.joined(joined());
  store.message(message(10));
  store.gap({ room: 'lobby', from: 11, to: 20 });
  store.gap({ room: 'lobby', from: 11, to: 25 });
  store.message(message(26));
  assert.deepEqual(kinds(), [10, 'gap', 26]);
  assert.equal(room.entries[1].to, 25);
});

test('a settled message of our own goes to its number, unless it is older than all that is here', () => {
  const { store, room, kinds } = setup();
  store.joined(joined());
  store.message(message(10));
  store.message(message(20));
  store.settle('lobby', { id: 'c1', seq: 15, text: 'mine', action: false, at: 0 });
  store.settle('lobby', { id: 'c2', seq: 5, text: 'old', action: false, at: 0 });
  store.settle('lobby', { id: 'c3', seq: 20, text: 'known', action: false, at: 0 });
  assert.deepEqual(kinds(), [10, 15, 20]);
  assert.deepEqual([room.entries[1].nick, room.entries[1].key], ['ann', 'out-c1']);
});

test('nothing is cut off while older messages are on their way, so they come to stand above the ones they were asked for', () => {
  const { store, room } = setup();
  store.show('lobby');
  store.joined(joined());
  for (let seq = 1_001; seq <= 3_000; seq += 1) store.message(message(seq));
  room.loading = true;
  store.trim('lobby');
  store.show('dev');
  for (let seq = 3_001; seq <= 14_000; seq += 1) store.message(message(seq));
  assert.equal(room.entries[0].seq, 1_001);
  store.history({ room: 'lobby', messages: [message(999), message(1_000)], more: true });
  assert.deepEqual(room.entries.slice(0, 3).map(({ seq }) => seq), [999, 1_000, 1_001]);
  store.trim('lobby');
  assert.equal(room.entries.length, 1_000);
});

test('what is at the top: older messages, loading ones, the beginning, or the end of what is kept', () => {
  const { store, room } = setup();
  const top = () => store.top('lobby');
  assert.deepEqual(top(), { index: 0, state: null });
  store.joined(joined({ head: 9 }));
  store.message(message(7));
  assert.deepEqual(top(), { index: 0, state: 'older' });
  room.loading = true;
  assert.equal(top().state, 'loading');
  store.history({ room: 'lobby', messages: [message(5)], more: false });
  assert.equal(top().state, 'kept');
  room.more = true;
  store.history({ room: 'lobby', messages: [message(1)], more: false });
  assert.equal(top().state, 'beginning');
  store.joined(joined({ epoch: 'e2', head: 3 }));
  store.message(message(3));
  assert.deepEqual(top(), { index: 4, state: 'older' });
  store.history({ room: 'lobby', messages: [], more: false });
  assert.deepEqual(top(), { index: 4, state: null });
});

test('an empty room begins where it is', () => {
  const { store } = setup();
  store.joined(joined());
  assert.equal(store.top('lobby').state, 'beginning');
});

test('who came and went while nobody spoke adds up, and a line that adds up to nothing is none', () => {
  const { store, room, kinds } = setup();
  store.joined(joined());
  const presence = (came, went) => store.presence({ room: 'lobby', count: 1, joined: came.map((nick) => ({ nick, via: 'ws' })), left: went });
  presence([], ['bob']);
  presence(['bob'], []);
  assert.deepEqual(kinds(), []);
  presence(['guest-7'], []);
  store.renamed({ room: 'lobby', old: 'guest-7', nick: 'carl' });
  presence(['dan'], ['eve']);
  presence([], ['dan']);
  assert.deepEqual(sum(room.entries[0]), { joined: ['carl'], left: ['eve'], passed: ['dan'], renamed: [] });
  store.message(message(1));
  presence([], ['carl']);
  assert.deepEqual(kinds(), ['presence', 1, 'presence']);
});

test('10,000 people who come and go leave a bounded number of names in one line, and cost little', () => {
  const { store, room } = setup();
  store.joined(joined());
  const began = performance.now();
  for (let n = 0; n < 10_000; n += 1) {
    store.presence({ room: 'lobby', count: 1, joined: [{ nick: `n${n}`, via: 'udp' }], left: n % 2 ? [`n${n - 1}`] : [] });
  }
  assert.ok(performance.now() - began < 1_000);
  assert.ok(room.entries.every((entry) => entry.people.length <= 100));
  assert.ok(room.entries.length <= 1_250);
});

test('people come and go, and one line tells it', () => {
  const { store, room, kinds } = setup();
  store.joined(joined());
  store.presence({ room: 'lobby', count: 3, joined: [{ nick: 'bob', via: 'tcp' }, { nick: 'udp-3', via: 'udp' }], left: [] });
  store.presence({ room: 'lobby', count: 2, joined: [], left: [{ nick: 'bob' }] });
  store.presence({ room: 'lobby', count: 1, joined: [], left: ['udp-3'] });
  assert.deepEqual([...room.members.keys()], ['ann']);
  assert.equal(room.count, 1);
  assert.deepEqual(kinds(), ['presence']);
  assert.deepEqual(sum(room.entries[0]), { joined: [], left: [], passed: ['bob', 'udp-3'], renamed: [] });
});

test('our own coming is no news', () => {
  const { store, room, kinds } = setup();
  store.joined(joined({ members: [] }));
  store.presence({ room: 'lobby', count: 1, joined: [{ nick: 'ann', via: 'ws' }], left: [] });
  assert.deepEqual(kinds(), []);
  assert.deepEqual(room.members.get('ann'), { via: 'ws' });
});

test('a crowd is only counted; a whole list brings the names back, a part of one does not', () => {
  const { store, room } = setup();
  store.joined(joined());
  store.presence({ room: 'lobby', count: 140 });
  assert.deepEqual([room.count, room.members], [140, null]);
  store.presence({ room: 'lobby', count: 79, joined: [], left: [{ nick: 'zoe' }] });
  assert.equal(room.members, null);
  store.members({ room: 'lobby', count: 79, members: [{ nick: 'ann', via: 'ws' }], more: true });
  assert.equal(room.members, null);
  store.members({ room: 'lobby', count: 1, members: [{ nick: 'ann', via: 'ws' }], more: false });
  assert.equal(room.members.size, 1);
});

test('a new name is taken over in the list, and ours everywhere', () => {
  const { store, room, kinds } = setup();
  store.joined(joined({ members: [{ nick: 'ann', via: 'ws' }, { nick: 'bob', via: 'tcp' }] }));
  store.renamed({ room: 'lobby', old: 'bob', nick: 'rob', self: false });
  assert.deepEqual([room.members.get('rob'), store.nick], [{ via: 'tcp' }, 'ann']);
  store.renamed({ room: 'lobby', old: 'ann', nick: 'eve', self: true });
  assert.equal(store.nick, 'eve');
  assert.deepEqual(kinds(), ['presence']);
  assert.deepEqual(sum(room.entries[0]).renamed, [{ old: 'bob', nick: 'rob' }, { old: 'ann', nick: 'eve' }]);
});

test('notes stay where they were in time', () => {
  const { store, kinds } = setup();
  store.joined(joined());
  store.message(message(1));
  store.note('lobby', 'hint');
  store.message(message(2));
  store.history({ room: 'lobby', messages: [message(0.5)], more: false });
  assert.deepEqual(kinds(), [0.5, 1, 'note', 2]);
});

test('keys are never given twice', () => {
  const { store, room } = setup();
  store.joined(joined());
  for (let seq = 1; seq < 20; seq += 1) { store.message(message(seq, { id: `c${seq}` }), seq % 2 === 0); store.note('lobby', 'x'); }
  assert.equal(new Set(room.entries.map((entry) => entry.key)).size, room.entries.length);
});

test('a long room is cut at the top, and the cut part can be asked for', () => {
  const { store, room } = setup();
  store.joined(joined());
  for (let seq = 1; seq <= 2500; seq += 1) store.message(message(seq));
  room.more = false;
  store.trim('lobby');
  assert.equal(room.entries.length, 1000);
  assert.equal(store.oldest('lobby'), 1501);
  store.history({ room: 'lobby', messages: [message(1500)], more: true });
  assert.equal(room.entries[0].seq, 1500);
});

test('a room nobody looks at does not grow for ever', () => {
  const { store, room } = setup();
  store.joined(joined());
  for (let seq = 1; seq <= 30_000; seq += 1) store.message(message(seq));
  assert.ok(room.entries.length <= 10_001);
  assert.equal(room.entries.at(-1).seq, 30_000);
});

test('nor does the current one while nobody looks at the page', () => {
  const { store, room } = setup();
  store.show('lobby');
  store.joined(joined());
  store.attend(false);
  for (let seq = 1; seq <= 30_000; seq += 1) store.message(message(seq));
  assert.ok(room.entries.length <= 10_001);
  assert.equal(store.top('lobby').state, 'older');
});

test('frames for rooms one is not in change nothing', () => {
  const { store } = setup();
  store.message(message(1, { room: 'dev' }));
  store.gap({ room: 'dev', from: 1, to: 2 });
  store.presence({ room: 'dev', count: 1, joined: [], left: [] });
  store.history({ room: 'dev', messages: [] });
  store.members({ room: 'dev' });
  store.renamed({ room: 'dev', old: 'x', nick: 'y' });
  assert.deepEqual([...store.rooms.keys()], ['lobby']);
});

test('50,000 messages live and 50,000 older ones: each costs the same, wherever it comes', () => {
  const { store, room } = setup();
  store.show('lobby');
  store.joined(joined({ head: 0 }));
  const time = (what) => { const began = performance.now(); what(); return performance.now() - began; };
  const live = time(() => { for (let seq = 50_001; seq <= 100_000; seq += 1) store.message(message(seq)); });
  const older = time(() => {
    for (let high = 50_001; high > 1; high -= 200) {
      assert.equal(store.oldest('lobby'), high);
      store.history({ room: 'lobby', messages: Array.from({ length: 200 }, (_, i) => message(high - 200 + i)), more: high > 201 });
    }
  });
  assert.equal(room.entries.length, 100_000);
  assert.ok(room.entries.every((entry, i) => entry.seq === i + 1));
  assert.equal(store.top('lobby').state, 'beginning');
  const dull = time(() => { for (let i = 0; i < 10_000; i += 1) { store.oldest('lobby'); store.top('lobby'); store.message(message(1 + i * 7)); } });
  for (const [what, ms] of Object.entries({ live, older, dull })) assert.ok(ms < 1_500, `${what}: ${ms} ms`);
});

test('what somebody has read back is bounded, and says so', () => {
  const { store, room } = setup();
  store.show('lobby');
  store.joined(joined());
  for (let seq = 200_000; seq < 300_100; seq += 1) store.message(message(seq));
  assert.deepEqual([store.oldest('lobby'), store.top('lobby').state], [null, 'holds']);
  for (let seq = 300_100; seq < 320_000; seq += 1) store.message(message(seq));
  assert.ok(room.entries.length <= 110_000);
});
