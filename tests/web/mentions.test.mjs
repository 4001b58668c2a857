import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mentions, mentionsSelf } from '../../web/js/mentions.js';
import { fold } from '../../web/js/names.js';
import { beginning, pieces } from '../../web/js/pieces.js';

const own = (text, self = 'ann') => mentions(text, self).filter((piece) => piece.self).map((piece) => piece.text);
const others = (text) => mentions(text, 'ann').filter((piece) => piece.nick).map((piece) => piece.nick);

test('one\'s own name is found as a word of its own', () => {
  for (const text of ['ann', 'ann: hi', 'hi ann!', '(ann)', 'ann\'s', 'ANN', '„ann“', 'a\nann\nb', 'ann…', '👋ann👋', 'ann/bob', '@ann', 'hi @ann,']) assert.equal(own(text).length, 1, text);
  for (const text of ['anna', 'joann', 'ann_', 'ann-marie', '_ann', 'ann7', '7ann', 'ànn', 'ann\u0301', 'annу', 'x@ann.example', 'ann@host.example', 'a nn', '']) assert.deepEqual(own(text), [], text);
  assert.deepEqual(own('ann ann, ann'), ['ann', 'ann', 'ann']);
});

test('in every spelling the server holds for the same name, and in every script', () => {
  assert.deepEqual(own('ａｎｎ Ann 𝐚𝐧𝐧'), ['ａｎｎ', 'Ann', '𝐚𝐧𝐧']);
  assert.equal(own('ahoj ŽOFIE!', 'Žofie').length, 1);
  assert.equal(own('Z\u030cofie', 'Žofie').length, 1, 'decomposed');
  assert.equal(own('привет, АННА.', 'анна').length, 1);
  assert.equal(own('שלום דני!', 'דני').length, 1);
  assert.equal(own('你好 小明', '小明').length, 1);
  assert.equal(own('你好小明', '小明').length, 0);
  assert.equal(own('STRASSE', 'straße').length, 1);
  assert.equal(own('ΟΔΟΣ και οδος', 'οδοσ').length, 2);
  assert.equal(own('x', '').length, 0, 'without a name nobody is meant');
});

test('names are one for the page when they are one for the server', () => {
  for (const [a, b] of [['Ann', 'ann'], ['ß', 'SS'], ['ς', 'Σ'], ['ﬁ', 'FI'], ['Ⅳ', 'iv'], ['İ', 'i\u0307'], ['ᲀ', 'в'], ['Ａ', 'a'], ['Ǆ', 'ǆ'], ['ꭰ', 'Ꭰ']]) assert.equal(fold(a), fold(b), `${a} ${b}`);
  for (const [a, b] of [['ı', 'i'], ['a', 'а'], ['o', 'ο'], ['é', 'e']]) assert.notEqual(fold(a), fold(b), `${a} ${b}`);
});

test('others are found when they are called with @', () => {
  assert.deepEqual(others('@bob and @Žofie-2, not @ or a@b or x.@y or bob'), ['bob', 'Žofie-2']);
  assert.deepEqual(others(`@${'x'.repeat(33)}`), []);
  assert.equal(mentionsSelf('@bob', 'ann'), false);
  assert.equal(mentionsSelf('@bob', 'bob'), true);
});

test('pieces put together are the text, and names in links are the link\'s', () => {
  const text = 'ann: see https://a.example/ann/@bob or @bob, ann';
  const all = pieces(text, 'ann');
  assert.equal(all.map((piece) => piece.text).join(''), text);
  assert.deepEqual(all.filter((piece) => piece.self || piece.nick || piece.href).map((piece) => piece.text), ['ann', 'https://a.example/ann/@bob', '@bob', 'ann']);
});

test('no text of 4 KB takes long', () => {
  for (const part of ['@', '@a', 'ann ', 'a\u0301', '@ann@', '-_', 'ﷺ']) {
    const text = part.repeat(Math.ceil(4_096 / part.length)).slice(0, 4_096);
    const began = performance.now();
    for (let i = 0; i < 10; i += 1) mentions(text, 'ann');
    assert.ok(performance.now() - began < 500, `${part}: ${(performance.now() - began) / 10} ms`);
  }
});

test('a word longer than any name is compared with none, whatever it is made of', (t) => {
  const normalize = t.mock.method(String.prototype, 'normalize');
  const word = `ann${'\u0301'.repeat(30_000)}`;
  assert.deepEqual(own(`${word} ann`), ['ann']);
  assert.ok(normalize.mock.calls.every((call) => call.this.length < 1_000));
  assert.equal(own('가'.repeat(32).normalize('NFD'), '가'.repeat(32)).length, 1, 'the longest name, taken apart');
});

test('of what is longer than messages are the beginning is shown', () => {
  for (const text of ['', 'x', 'x'.repeat(8_192), 'x\n'.repeat(99)]) assert.equal(beginning(text), text);
  assert.equal(beginning('x'.repeat(64_000)).length, 8_192);
  assert.equal(beginning('\n'.repeat(64_000)), '\n'.repeat(99));
});
