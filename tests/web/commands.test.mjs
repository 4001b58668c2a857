import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNick, isRoom, parse } from '../../web/js/commands.js';

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
  ['/frobnicate now', { name: 'hint', hint: 'unknown', word: 'frobnicate' }],
  ['/etc/passwd', { name: 'hint', hint: 'unknown', word: 'etc/passwd' }],
  ['/', { name: 'hint', hint: 'unknown', word: '' }],
];
for (const [typed, meant] of cases) {
  test(`${JSON.stringify(typed)} means ${meant?.name ?? 'nothing'}`, () => assert.deepEqual(parse(typed), meant));
}

test('what carries a secret is never text, whatever stands around it', () => {
  for (const word of ['msg', 'resume', 'login', 'LOGIN', 'Resume']) {
    for (const typed of [`/${word}`, `/${word} x`, ` /${word} x`, `\t\u00a0/${word} x`, `hello\n/${word} x`, `hello\n  /${word} x`, `/me y\n/${word} x`, `/${word}: x`]) {
      assert.deepEqual(parse(typed), { name: 'hint', hint: 'unavailable', word: word.toLowerCase() }, typed);
    }
  }
  for (const typed of ['//login x', 'see /login', 'a/resume', '/logins']) assert.notEqual(parse(typed).hint, 'unavailable', typed);
});

test('names of rooms and people', () => {
  for (const name of ['lobby', '0', 'a.b-c_d', 'x'.repeat(64)]) assert.ok(isRoom(name), name);
  for (const name of ['', 'Lobby', '.a', '-a', 'a b', 'é', 'x'.repeat(65), 'a\n']) assert.ok(!isRoom(name), name);
  for (const name of ['ann', 'Ольга', 'حسن', '李', 'a-b_1', '𝒳'.repeat(32)]) assert.ok(isNick(name), name);
  for (const name of ['', 'a b', 'a.b', '<b>', '👋', 'x'.repeat(33), 'a\n', 'a\u202eb']) assert.ok(!isNick(name), name);
});
