import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Directs } from '../../web/js/directs.js';
import { Tabs } from '../../web/js/tabs.js';

// As BroadcastChannel is: to all others of that name, not to oneself.
function channels() {
  const all = [];
  return () => {
    const channel = { postMessage: (data) => { for (const other of all) if (other !== channel) other.onmessage?.({ data: structuredClone(data) }); } };
    all.push(channel);
    return channel;
  };
}

function browser() {
  const channel = channels();
  return (id, kept = []) => {
    const heard = [];
    const tabs = new Tabs({ channel: channel(), id, on: {
      direct: ({ text }) => heard.push(text),
      asked: () => kept,
      conversations: (told) => heard.push(told),
    } });
    const fromServer = (frame) => { if (tabs.direct(frame)) heard.push(frame.text); };
    return { tabs, heard, fromServer };
  };
}

const frame = (text, more = {}) => ({ nick: 'bob', to: 'ann', at: '2026-01-02T03:04:05.678Z', via: 'tcp', text, ...more });

test('what the server tells all tabs is in each of them once, whoever hears it first', () => {
  const open = browser();
  const tabs = ['a', 'b', 'c'].map((id) => open(id));
  for (const each of tabs) each.fromServer(frame('psst'));
  for (const each of tabs.reverse()) each.fromServer(frame('again', { id: 'x1' }));
  for (const { heard } of tabs) assert.deepEqual(heard, ['psst', 'again']);
});

test('what the server tells one tab only, the others hear from it', () => {
  const open = browser();
  const [a, b] = ['a', 'b'].map((id) => open(id));
  a.fromServer(frame('waited'));
  assert.deepEqual(b.heard, ['waited']);
});

test('the same said twice is in each tab twice', () => {
  const open = browser();
  const [a, b] = ['a', 'b'].map((id) => open(id));
  for (const each of [a, b, b, a]) each.fromServer(frame('twice'));
  for (const { heard } of [a, b]) assert.deepEqual(heard, ['twice', 'twice']);
});

test('one that was opened asks, and is answered alone; what it hears of again is no news', () => {
  const open = browser();
  const kept = [{ nick: 'bob', entries: [{ kind: 'message', ...frame('before') }, { kind: 'renamed', old: 'rob', nick: 'bob' }] }];
  const a = open('a', kept);
  const b = open('b');
  for (const each of [a, b]) each.fromServer(frame('before'));
  const c = open('c');
  c.tabs.ask();
  c.fromServer(frame('before'));
  assert.deepEqual([a.heard, b.heard, c.heard], [['before'], ['before'], [kept]]);
});

test('a conversation of another tab fills what is missing here, in its place, and nothing twice', () => {
  const at = (second) => `2026-01-02T03:04:0${second}.000Z`;
  const here = new Directs();
  here.called('ann');
  here.received(frame('one', { at: at(1) }));
  here.renamed('bob', 'Bob');
  here.received(frame('three', { nick: 'Bob', at: at(3), id: 'x3' }));
  const there = new Directs(here.save());
  there.called('ann');
  there.received(frame('two', { at: at(2) }));
  there.received(frame('four', { at: at(4) }));
  here.adopt(there.save());
  here.adopt(there.save());
  const { entries, unread } = here.conversations.get('@bob');
  assert.deepEqual(entries.map(({ text, kind }) => text ?? kind), ['one', 'renamed', 'two', 'three', 'four']);
  assert.equal(new Set(entries.map(({ key }) => key)).size, 5);
  assert.equal(unread, 4);
  here.read('@bob');
  assert.equal(here.conversations.get('@bob').unread, 0);
});
