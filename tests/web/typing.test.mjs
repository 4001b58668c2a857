import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typing } from '../../web/js/texts.js';
import { TypingNews, Typists } from '../../web/js/typing.js';
import { FakeClock } from './fakes.mjs';

function setup() {
  const clock = new FakeClock();
  const seen = { changes: 0, sent: [], connected: true };
  const typists = new Typists({ clock, changed: () => { seen.changes += 1; } });
  const news = new TypingNews({ clock, send: (room) => { if (seen.connected) seen.sent.push(room); return seen.connected; } });
  return { clock, seen, typists, news };
}

test('somebody types for six seconds after the last that was heard of it', () => {
  const { clock, seen, typists } = setup();
  typists.heard('lobby', 'bob');
  clock.advance(5_000);
  typists.heard('lobby', 'bob');
  clock.advance(5_999);
  assert.deepEqual([typists.names('lobby'), seen.changes], [['bob'], 0]);
  clock.advance(1);
  assert.deepEqual([typists.names('lobby'), seen.changes], [[], 1]);
});

test('each room by itself, who began first first', () => {
  const { clock, typists } = setup();
  for (const nick of ['bob', 'eve']) typists.heard('lobby', nick);
  typists.heard('dev', 'dan');
  typists.heard('lobby', 'bob');
  assert.deepEqual([typists.names('lobby'), typists.names('dev'), typists.names('ops')], [['bob', 'eve'], ['dan'], []]);
  typists.clear('lobby');
  assert.deepEqual([typists.names('lobby'), typists.names('dev')], [[], ['dan']]);
  typists.clear();
  clock.advance(60_000);
  assert.deepEqual(typists.names('dev'), []);
});

test('whoever stopped is not stopped again by the old deadline', () => {
  const { clock, typists } = setup();
  typists.heard('lobby', 'bob');
  clock.advance(4_000);
  typists.stopped('lobby', 'bob');
  typists.stopped('lobby', 'nobody');
  typists.heard('lobby', 'bob');
  clock.advance(4_000);
  assert.deepEqual(typists.names('lobby'), ['bob']);
});

test('a room full of typists costs no more than a few', () => {
  const { typists } = setup();
  for (let i = 0; i < 1000; i += 1) typists.heard('lobby', `bob${i}`);
  assert.equal(typists.names('lobby').length, 20);
});

test('one frame in three seconds, whatever room, while there is text that would be said', () => {
  const { clock, seen, news } = setup();
  for (const text of ['', ' \n', '/', '/nick bob', '/me waves', '/msg bob psst', ' /login x', 'hello\n/msg bob x']) news.typed('lobby', text);
  assert.deepEqual(seen.sent, []);
  news.typed('lobby', 'h');
  clock.advance(2_999);
  news.typed('lobby', 'he');
  news.typed('dev', 'x');
  assert.deepEqual(seen.sent, ['lobby']);
  clock.advance(1);
  news.typed('lobby', '//slash');
  assert.deepEqual(seen.sent, ['lobby', 'lobby']);
});

test('what could not be told is told as soon as it can be', () => {
  const { seen, news } = setup();
  seen.connected = false;
  news.typed('lobby', 'h');
  seen.connected = true;
  news.typed('lobby', 'he');
  assert.deepEqual(seen.sent, ['lobby']);
});

test('the sentence names up to two', () => {
  const sentence = (...nicks) => typing(nicks).map((part) => part.nick ?? part).join('');
  assert.equal(sentence(), '');
  assert.equal(sentence('ann'), 'ann is typing…');
  assert.equal(sentence('ann', 'bob'), 'ann and bob are typing…');
  assert.equal(sentence('ann', 'bob', 'eve'), 'several people are typing…');
});
