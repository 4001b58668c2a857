import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, fits, room, several } from '../../web/js/lengths.js';

const limits = { message_bytes: 4096, message_lines: 100 };

test('the counter is in bytes of UTF-8, of what would be sent, and only near the limit', () => {
  assert.equal(room('x'.repeat(3276), limits), null);
  assert.deepEqual(room('x'.repeat(3277), limits), { unit: 'bytes', left: 819 });
  assert.deepEqual(room('ä'.repeat(2048), limits), { unit: 'bytes', left: 0 });
  assert.deepEqual(room(`${'😀'.repeat(1024)}x`, limits), { unit: 'bytes', left: -1 });
  assert.deepEqual(room(`/me ${'x'.repeat(4096)}`, limits), { unit: 'bytes', left: 0 });
  assert.deepEqual(room(`/msg bob ${'x'.repeat(4000)}\n\n`, limits), { unit: 'bytes', left: 96 });
  assert.equal(room(`/nick ${'x'.repeat(4096)}`, limits), null, 'a command is no text');
});

test('lines are counted as well', () => {
  assert.equal(room('x\n'.repeat(78) + 'x', limits), null);
  assert.deepEqual(room('x\n'.repeat(79) + 'x', limits), { unit: 'lines', left: 20 });
  assert.deepEqual(room('x\n'.repeat(100) + 'x', limits), { unit: 'lines', left: -1 });
});

test('several lines are a message each, without the empty ones', () => {
  assert.deepEqual(several('one\r\n\r\n  two\n\nthree\n', limits), ['one', '  two', 'three']);
});

test('many lines, or long ones, are packed into pieces that fit, and nothing is lost', () => {
  const many = Array.from({ length: 250 }, (_, i) => `line ${i}`).join('\n');
  const pieces = several(many, limits);
  assert.equal(pieces.length, 3);
  assert.ok(pieces.every((piece) => fits(piece, limits)));
  assert.equal(pieces.join('\n'), many);

  const long = `${'wörd '.repeat(2000)}end\nlast`;
  const cut = several(long, limits);
  assert.ok(cut.every((piece) => bytesOf(piece) <= 4096));
  assert.equal(cut.join('').replaceAll('\n', ''), long.replaceAll('\n', ''));
  assert.ok(cut.slice(0, -1).every((piece) => piece.endsWith(' ')), 'cut between words');

  const solid = several(`${'😀'.repeat(1500)}\nx`, limits);
  assert.ok(solid.every((piece) => bytesOf(piece) <= 4096 && piece.isWellFormed?.() !== false));
});
