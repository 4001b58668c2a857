import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Completion, nicksOf, suggest } from '../../web/js/completion.js';
import { commands } from '../../web/js/texts.js';

const sources = { commands, rooms: ['lobby', 'dev', 'dev.ops'], nicks: ['bob', 'Ann', 'Łukasz', 'Ａｎｎａ', 'İdil', 'анна'] };
// The caret stands at the bar, or at the end.
function at(marked) {
  const caret = marked.includes('|') ? marked.indexOf('|') : marked.length;
  return suggest(marked.replace('|', ''), caret, sources);
}
const inserts = (marked) => at(marked)?.options.map(({ insert }) => insert) ?? null;

for (const [typed, expected] of [
  ['/j', ['/join ']],
  ['/W', ['/who']],
  ['/h', ['/history ', '/help']],
  ['//j', null],
  [' /j', null],
  ['say /j', null],
  ['/join ', ['lobby', 'dev', 'dev.ops']],
  ['/join d', ['dev', 'dev.ops']],
  ['/join #D', ['#dev', '#dev.ops']],
  ['/join nowhere', null],
  ['/msg ', ['bob ', 'Ann ', 'Łukasz ', 'Ａｎｎａ ', 'İdil ', 'анна ']],
  ['/msg @b', ['@bob ']],
  ['/msg bob an', ['Ann ', 'Ａｎｎａ ']],
  ['/nick b', null],
  ['/history 5', null],
  ['/me b', ['bob ']],
  ['b', ['bob: ']],
  ['hi b', ['bob ']],
  ['hi\nb', ['bob ']],
  ['hi @', ['@bob ', '@Ann ', '@Łukasz ', '@Ａｎｎａ ', '@İdil ', '@анна ']],
  ['@b', ['@bob ']],
  ['(@b', ['@bob ']],
  ['me@example', null],
  ['see #d', ['#dev ', '#dev.ops ']],
  ['a#d', null],
  ['', null],
  ['hi ', null],
  ['b|ob', null],
  ['b| there', ['bob:']],
  ['ANN', ['Ann: ', 'Ａｎｎａ: ']],
  ['ł', ['Łukasz: ']],
  ['АН', ['анна: ']],
  ['x', null],
]) {
  test(`Tab in "${typed}" gives ${JSON.stringify(expected)}`.replaceAll(';', ','), () => assert.deepEqual(inserts(typed), expected));
}

test('only what begins with a sign of its own shows by itself', () => {
  assert.equal(at('/j').asked, true);
  assert.equal(at('/join ').asked, true);
  assert.equal(at('hi @b').asked, true);
  assert.equal(at('hi b').asked, false);
});

test('cycling goes round both ways, leaves the text behind the word alone, and can be taken back', () => {
  const completion = new Completion();
  completion.begin('an! and more', 2, suggest('an! and more', 2, sources));
  assert.deepEqual(completion.step(1), { text: 'Ann: ! and more', caret: 5 });
  assert.deepEqual(completion.step(1).text, 'Ａｎｎａ: ! and more');
  assert.deepEqual(completion.step(1).text, 'Ann: ! and more');
  assert.deepEqual(completion.step(-1).text, 'Ａｎｎａ: ! and more');
  assert.ok(completion.holds('Ａｎｎａ: ! and more', 6));
  assert.equal(completion.holds('Ａｎｎａ: ! and more', 0), false, 'the caret went elsewhere');
  assert.equal(completion.holds('Ａｎｎａ: x! and more', 7), false, 'something was written');
  assert.deepEqual(completion.undo(), { text: 'an! and more', caret: 2 });
  assert.equal(completion.active, false);
});

test('backwards it begins with the last', () => {
  const completion = new Completion();
  completion.begin('/join ', 6, suggest('/join ', 6, sources));
  assert.equal(completion.step(-1).text, '/join dev.ops');
});

test('who spoke last stands first, then who is there, then who has left, and never oneself', () => {
  const said = (nick) => ({ kind: 'message', nick });
  const entries = [said('gone'), said('bob'), said('ann'), { kind: 'note', text: 'x' }, said('bob'), said('me')];
  const members = new Map([['zoe', {}], ['me', {}], ['ann', {}], ['Carl', {}], ['bob', {}]]);
  assert.deepEqual(nicksOf({ entries, members }, 'me'), ['bob', 'ann', 'Carl', 'zoe', 'gone']);
  assert.deepEqual(nicksOf({ entries, members: null }, 'me'), ['bob', 'ann', 'gone'], 'in a crowd those who spoke');
  assert.deepEqual(nicksOf({ entries: [], nick: 'ann' }, 'me'), ['ann'], 'in a conversation');
});

test('a long word behind the caret costs no more than a short one', () => {
  const began = performance.now();
  for (let i = 0; i < 5; i += 1) for (const sign of ['x', '#', '@', '\u0301', ' ']) assert.equal(at(`${sign.repeat(10_000)} `), null);
  assert.ok(performance.now() - began < 1_000, `${performance.now() - began} ms`);
});
