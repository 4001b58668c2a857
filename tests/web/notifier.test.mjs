import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chime } from '../../web/js/chime.js';
import { Notifier } from '../../web/js/notifier.js';
import { Preferences } from '../../web/js/preferences.js';
import { guarded } from '../../web/js/storage.js';
import { FakeStorage } from './fakes.mjs';

function browser({ permission = 'granted', answer = 'granted', secure = true, illegal = false } = {}) {
  const scope = {
    isSecureContext: secure, made: [], asked: 0, focused: 0,
    focus: () => { scope.focused += 1; },
    Notification: class {
      static permission = permission;
      static async requestPermission() { scope.asked += 1; this.permission = answer; }
      constructor(title, options) {
        if (illegal) throw new TypeError('Illegal constructor');
        Object.assign(this, { title, ...options, closed: false });
        scope.made.push(this);
      }
      close() { this.closed = true; this.onclose?.(); }
    },
  };
  return scope;
}

test('nothing is shown before it was allowed, and it is asked for once', async () => {
  const scope = browser({ permission: 'default' });
  const notifier = new Notifier(() => {}, scope);
  assert.equal(notifier.state, 'default');
  assert.equal(notifier.show('lobby', 'a', 'b'), false);
  assert.equal(await notifier.ask(), true);
  assert.equal(await notifier.ask(), true);
  assert.equal(scope.asked, 1);
  assert.equal(notifier.show('lobby', 'a', 'b'), true);
});

test('who said no is not asked again', async () => {
  const scope = browser({ permission: 'denied' });
  assert.equal(await new Notifier(() => {}, scope).ask(), false);
  assert.equal(scope.asked, 0);
});

test('a click brings the page up and goes there, one notification a place', () => {
  const scope = browser();
  const gone = [];
  const notifier = new Notifier((key) => gone.push(key), scope);
  notifier.show('lobby', 'ann in #lobby', 'x'.repeat(5000));
  notifier.show('lobby', 'ann in #lobby', 'newer');
  const [first, second] = scope.made;
  assert.equal(first.tag, second.tag);
  assert.ok(first.body.length < 400);
  second.onclick();
  assert.deepEqual(gone, ['lobby']);
  assert.equal(scope.focused, 1);
  assert.ok(second.closed);
});

test('what was read elsewhere is withdrawn', () => {
  const scope = browser();
  const notifier = new Notifier(() => {}, scope);
  notifier.show('lobby', 'a', 'b');
  notifier.withdraw('dev');
  assert.equal(scope.made[0].closed, false);
  notifier.withdraw('lobby');
  assert.ok(scope.made[0].closed);
  notifier.withdraw('lobby');
});

test('where it cannot work it says so', () => {
  assert.equal(new Notifier(() => {}, browser({ secure: false })).state, 'insecure');
  assert.equal(new Notifier(() => {}, { isSecureContext: true }).state, 'unsupported');
  const phone = new Notifier(() => {}, browser({ illegal: true }));
  assert.equal(phone.show('lobby', 'a', 'b'), false);
  assert.equal(phone.state, 'unsupported');
});

test('preferences are off at first, shared by tabs, and survive a broken store', () => {
  const store = guarded(() => null);
  const [one, other] = [new Preferences(store), new Preferences(store)];
  assert.deepEqual([one.desktop, one.sound, one.isMuted('lobby')], [false, false, false]);
  one.sound = true;
  other.mute('lobby', true);
  other.mute('@bob', true);
  one.desktop = true;
  assert.deepEqual([other.desktop, other.sound, one.isMuted('lobby')], [true, true, true]);
  one.mute('lobby', false);
  assert.equal(other.isMuted('lobby'), false);
  one.move('@bob', '@rob');
  assert.deepEqual([other.isMuted('@bob'), other.isMuted('@rob')], [false, true]);
  const broken = new FakeStorage();
  broken.setItem('chatbridge.alerts', '{"muted":7,');
  assert.equal(new Preferences(guarded(() => broken)).isMuted('lobby'), false);
});

test('the sound comes from the browser, not more often than every two seconds, and never stops anything', () => {
  let notes = 0;
  const node = { connect: (to) => to, gain: { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} }, frequency: {}, start: () => { notes += 1; }, stop() {} };
  const chime = new Chime({ AudioContext: class { state = 'running'; currentTime = 0; createOscillator() { return { ...node, frequency: {} }; } createGain() { return node; } } });
  assert.equal(chime.play(0), true);
  assert.equal(chime.play(500), false);
  assert.equal(chime.play(2500), true);
  assert.equal(notes, 4);
  assert.equal(new Chime({}).play(), false);
  assert.equal(new Chime({ AudioContext: class { constructor() { throw new Error('no device'); } } }).play(), false);
});
