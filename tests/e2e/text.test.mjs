// What happens to text between its sender and a terminal or page.
import assert from 'node:assert/strict';
import test from 'node:test';
import { scene } from '../support/scene.mjs';

test('a text of several lines reaches line clients with every line prefixed', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const receivers = [await s.tcp({ nick: 't' }), await s.udp({ nick: 'u' }), await s.wsText({ nick: 'w' })];
  await ann.publish('one\nbob: forged\n*** forged');
  await ann.publish('=end=');
  for (const receiver of receivers) {
    await receiver.hears('=end=');
    const lines = receiver.lines.filter((line) => line.startsWith('ann: '));
    assert.deepEqual(lines, ['ann: one', 'ann: bob: forged', 'ann: *** forged', 'ann: =end=']);
    assert.ok(!receiver.lines.some((line) => line.includes('forged') && !line.startsWith('ann: ')));
  }
  const datagrams = receivers[1].datagrams.filter((each) => each.text.includes('forged'));
  assert.equal(datagrams.length, 1, 'one message is one datagram');
  assert.equal(ann.messages()[0].text, 'one\nbob: forged\n*** forged');
});

test('control characters and bidi overrides become U+FFFD, live and in history, on every transport', async (t) => {
  const s = await scene(t);
  const dirty = 'a\u001b[31mb\u0007c\u202ed\u009be\u0085f\u007fg\u202dh\u0000i';
  const clean = 'a\ufffd[31mb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\ufffdh\ufffdi';
  const ann = await s.tcp({ nick: 'ann' });
  const eve = await s.v1({ nick: 'eve' });
  const tcp = await s.tcp({ nick: 't' });
  const text = await s.wsText({ nick: 'w' });
  await ann.say(`1${dirty}`);
  await tcp.hears('1a');
  await eve.publish(`2${dirty}`);
  await ann.say('=end=');
  for (const receiver of [tcp, text, eve]) {
    await receiver.hears('=end=');
    assert.deepEqual(receiver.texts(), [`1${clean}`, `2${clean}`, '=end=']);
  }
  const late = await s.v1({ nick: 'late' });
  await late.hears('=end=');
  assert.deepEqual(late.texts(), [`1${clean}`, `2${clean}`, '=end=']);
  await tcp.say('/history');
  await tcp.next(/^\[\d\d:\d\d\] ann: 1a/);
  for (const line of tcp.lines) assert.doesNotMatch(line, /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test('line feed and tab stay as they are in JSON', async (t) => {
  const s = await scene(t);
  const ann = await s.v1({ nick: 'ann' });
  const bob = await s.v1({ nick: 'bob' });
  await ann.publish('col1\tcol2\nrow2');
  assert.equal((await bob.hears('col1')).text, 'col1\tcol2\nrow2');
});

test('a name cannot smuggle control characters in', async (t) => {
  const s = await scene(t);
  const bob = await s.tcp({ nick: 'bob' });
  const ann = await s.v1({ nick: 'ann' });
  const refusal = await ann.refused({ type: 'nick', nick: 'a\u001b[31m' });
  assert.equal(refusal.code, 'bad_nick');
  await ann.publish('=end=');
  assert.equal(await bob.hears('=end='), 'ann: =end=');
});
