import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drafts } from '../../web/js/drafts.js';
import { guarded } from '../../web/js/storage.js';
import { FakeStorage } from './fakes.mjs';

function setup(now = () => 1e9) {
  const local = new FakeStorage();
  const session = new FakeStorage();
  const open = (at = now) => new Drafts({ local: guarded(() => local), session: guarded(() => session), now: at });
  return { local, session, open };
}

test('drafts outlive the page, each in its place', () => {
  const { open } = setup();
  const drafts = open();
  drafts.set('lobby', 'half a sen');
  drafts.set('dev', 'gone');
  drafts.set('dev', '');
  const again = open();
  assert.equal(again.get('lobby'), 'half a sen');
  assert.equal(again.get('dev'), '');
});

test('what is for one person stays with the tab, and a secret is written nowhere', () => {
  const { local, session, open } = setup();
  const drafts = open();
  drafts.set('@ann', 'for ann');
  drafts.set('lobby', '/msg ann for her too');
  drafts.set('dev', '/login hunter2');
  assert.equal(local.length, 0);
  assert.equal(session.length, 2);
  assert.equal(drafts.get('dev'), '/login hunter2', 'while the page is open it is there');
  drafts.set('lobby', 'for all');
  assert.equal(local.length, 1);
  assert.equal(session.length, 1);
  drafts.set('lobby', '/login hunter2');
  assert.equal(local.length, 0, 'what stood there before is gone too');
});

test('a conversation that has another key takes its draft along', () => {
  const { session, open } = setup();
  const drafts = open();
  drafts.set('@ann', 'for ann');
  drafts.move('@ann', '@anne');
  assert.equal(drafts.get('@anne'), 'for ann');
  assert.equal(drafts.get('@ann'), '');
  assert.equal(session.length, 1);
});

test('old ones, broken ones and the ones above fifty are dropped', () => {
  const { local, open } = setup();
  local.setItem('chatbridge.draft.bad', '{');
  local.setItem('chatbridge.draft.odd', '{"text":7,"at":1}');
  open().set('old', 'x');
  const later = open(() => 1e9 + 40 * 86_400_000);
  assert.equal(later.get('old'), '');
  assert.equal(local.length, 0);
  for (let i = 0; i < 60; i += 1) later.set(`room${i}`, 'x');
  assert.equal(local.length, 50);
  assert.equal(later.get('room9'), '');
  assert.equal(later.get('room10'), 'x');
  later.set('long', 'x'.repeat(20_001));
  assert.equal(local.getItem('chatbridge.draft.long'), null);
});

test('what another tab has sent is no draft any more, what it writes does not take the place of this one', () => {
  const { local, open } = setup();
  open().set('lobby', 'common');
  const [one, other] = [open(), open()];
  one.set('dev', 'of the one');
  other.set('dev', 'of the other');
  assert.equal(one.get('dev'), 'of the one');
  local.writes = [];
  other.set('lobby', '');
  other.sent('lobby', 'common');
  const told = local.writes.map(([key, value]) => one.heard(key, value));
  assert.deepEqual(told.filter(Boolean), ['lobby']);
  assert.equal(one.get('lobby'), '');
  assert.equal(open().get('lobby'), '');
});

test('a draft stays when another tab sends something else from there, or only empties its box', () => {
  const { local, open } = setup();
  const [one, other] = [open(), open()];
  one.set('lobby', 'a long one');
  local.writes = [];
  for (const text of ['h', 'hi', '']) other.set('lobby', text);
  other.sent('lobby', 'hi');
  open().set('lobby', '');
  for (const [key, value] of local.writes) assert.equal(one.heard(key, value), undefined);
  assert.equal(one.heard(null, null), undefined, 'all of the storage was emptied');
  assert.equal(one.heard('chatbridge.nick', 'ann'), undefined);
  assert.equal(one.get('lobby'), 'a long one');
  other.sent('@ann', 'for ann');
  assert.equal(local.length, 0, 'nothing private, and nothing that was sent, stays behind');
});

test('without a storage drafts last as long as the page', () => {
  const none = guarded(() => { throw new Error('forbidden'); });
  const drafts = new Drafts({ local: none, session: none });
  drafts.set('lobby', 'x');
  assert.equal(drafts.get('lobby'), 'x');
});
