import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, secrecy, typed as asTyped } from '../../web/js/commands.js';
import { fold, isNick, isRoom } from '../../web/js/names.js';

const cases = [
  ['hello', { name: 'say', text: 'hello' }],
  ['  indented stays', { name: 'say', text: '  indented stays' }],
  ['two\nlines', { name: 'say', text: 'two\nlines' }],
  ['\n\nbody\r\nmore\n\n', { name: 'say', text: 'body\nmore' }],
  ['', null],
  [' \n\t ', null],
  ['//nick is a command', { name: 'say', text: '/nick is a command' }],
  ['//', { name: 'say', text: '/' }],
  ['///x', { name: 'say', text: '//x' }],
  [' /nick bob', { name: 'say', text: ' /nick bob' }],
  ['/nick bob', { name: 'nick', nick: 'bob' }],
  ['/NICK Jürgen_2', { name: 'nick', nick: 'Jürgen_2' }],
  ['/nick', { name: 'hint', hint: 'nick', word: 'nick' }],
  ['/nick two words', { name: 'hint', hint: 'nick', word: 'nick' }],
  ['/join dev', { name: 'join', room: 'dev' }],
  ['/join #Dev ', { name: 'join', room: 'dev' }],
  ['/join', { name: 'hint', hint: 'room', word: 'join' }],
  ['/join a room', { name: 'hint', hint: 'room', word: 'join' }],
  ['/me waves\nand bows', { name: 'say', text: 'waves\nand bows', action: true }],
  ['/me', { name: 'hint', hint: 'me', word: 'me' }],
  ['/history', { name: 'history', limit: 50 }],
  ['/history 200', { name: 'history', limit: 200 }],
  ['/history many', { name: 'hint', hint: 'history', word: 'history' }],
  ['/rooms', { name: 'rooms' }],
  ['/who', { name: 'who' }],
  ['/help me', { name: 'help' }],
  ['/quit', { name: 'quit' }],
  ['/msg bob psst', { name: 'direct', nick: 'bob', text: 'psst' }],
  ['/MSG @Jürgen_2  two\n  lines\n', { name: 'direct', nick: 'Jürgen_2', text: 'two\n  lines' }],
  ['/msg bob\nbelow', { name: 'direct', nick: 'bob', text: 'below' }],
  ['/msg bob /me waves', { name: 'direct', nick: 'bob', text: '/me waves' }],
  ['/msg', { name: 'hint', hint: 'msg', word: 'msg' }],
  ['/msg bob', { name: 'hint', hint: 'msg', word: 'msg' }],
  ['/msg: bob psst', { name: 'hint', hint: 'msg', word: 'msg' }],
  ['/msg\nbob psst', { name: 'hint', hint: 'msg', word: 'msg' }],
  ['/msg b.o.b psst', { name: 'hint', hint: 'msg', word: 'msg' }],
  ['/msgs', { name: 'hint', hint: 'unknown', word: 'msgs' }],
  ['/frobnicate now', { name: 'hint', hint: 'unknown', word: 'frobnicate' }],
  ['/etc/passwd', { name: 'hint', hint: 'unknown', word: 'etc/passwd' }],
  ['/', { name: 'hint', hint: 'unknown', word: '' }],
];
for (const [typed, meant] of cases) {
  test(`${JSON.stringify(typed)} means ${meant?.name ?? 'nothing'}`, () => assert.deepEqual(parse(typed), meant));
}

test('what carries a secret is never text, whatever stands around it', () => {
  for (const word of ['resume', 'login', 'LOGIN', 'Resume']) {
    for (const typed of [`/msg bob /${word} x`, `/msg bob hi\n/${word} x`, `/${word}`, `/${word} x`, ` /${word} x`, `\t\u00a0/${word} x`, `hello\n/${word} x`, `hello\n  /${word} x`, `/me y\n/${word} x`, `/${word}: x`]) {
      assert.deepEqual(parse(typed), { name: 'hint', hint: 'unavailable', word: word.toLowerCase() }, typed);
    }
  }
  for (const typed of [' /msg bob x', '\u00a0/MSG bob x', 'hello\n/msg bob x', 'hello\n  /msg: x', '/me y\n/msg bob x', '/msg bob hi\n/msg eve ho', '/msg bob /msg eve ho']) {
    assert.deepEqual(parse(typed), { name: 'hint', hint: 'astray', word: 'msg' }, typed);
  }
  for (const typed of ['//login x', 'see /login', 'a/resume', '/logins']) assert.notEqual(parse(typed).hint, 'unavailable', typed);
});

test('long runs of blanks cost nothing, wherever they stand', () => {
  const began = performance.now();
  for (const blank of [' ', '\n', '\r', '\t', '\u2028', '\u2029', '\u3000']) {
    const run = blank.repeat(10_000);
    for (const typed of [`x${run}x`, `${run}x`, `/msg bob${run}x`, `/me${run}x`]) {
      parse(typed);
      secrecy(typed);
    }
  }
  assert.ok(performance.now() - began < 1_000, `${performance.now() - began} ms`);
  for (const line of ['\n', '\r', '\u2028', '\u2029']) assert.equal(secrecy(`x${line} /msg bob psst`), 'private');
});

test('names of rooms and people', () => {
  for (const name of ['lobby', '0', 'a.b-c_d', 'x'.repeat(64)]) assert.ok(isRoom(name), name);
  for (const name of ['', 'Lobby', '.a', '-a', 'a b', 'é', 'x'.repeat(65), 'a\n']) assert.ok(!isRoom(name), name);
  for (const name of ['ann', 'Ольга', 'حسن', '李', 'a-b_1', '𝒳'.repeat(32)]) assert.ok(isNick(name), name);
  for (const name of ['', 'a b', 'a.b', '<b>', '👋', 'x'.repeat(33), 'a\n', 'a\u202eb']) assert.ok(!isNick(name), name);
});

test('one person may write a name in several ways', () => {
  for (const name of ['Ann', 'ANN', 'ａｎｎ']) assert.equal(fold(name), 'ann');
  assert.notEqual(fold('bılge'), fold('bilge'), 'what the server tells apart is never one here');
});

test('what was said is typed again as it was, so that it means the same', () => {
  for (const text of ['hello', '/me waves', '//deploy now', '///', '/me /x', 'a\n/b', '/me a\nb']) {
    const said = parse(text);
    assert.equal(said.name, 'say', text);
    assert.equal(asTyped(said), text);
  }
});
