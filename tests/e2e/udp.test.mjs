// Datagrams: who is registered, what is dropped, and where answers come from.
import assert from 'node:assert/strict';
import test from 'node:test';
import { scene } from '../support/scene.mjs';

const GREETING = /^\*\*\* you are guest-\d+ in lobby/;
const greetings = (client) => client.datagrams.filter((datagram) => GREETING.test(datagram.text)).length;

test('the first datagram registers its sender and is said; an empty one only registers', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const talker = await s.udpSocket().open();
  await talker.say('hello from nowhere');
  await listener.hears('hello from nowhere');
  await talker.next(GREETING, 'the greeting');
  const quiet = await s.udpSocket().open();
  await quiet.say('');
  await quiet.next(GREETING, 'the greeting');
  await talker.say('to all');
  await quiet.hears('to all');
  await listener.publish('=marker=');
  for (const client of [talker, quiet]) {
    await client.hears('=marker=');
    assert.equal(greetings(client), 1, 'greeted once');
  }
  assert.deepEqual(listener.texts(), ['hello from nowhere', 'to all', '=marker=']);
  assert.deepEqual(talker.texts(), ['=marker='], 'nothing of its own');
  assert.deepEqual(quiet.texts(), ['to all', '=marker='], 'each once');
});

test('one trailing line end is dropped, line ends inside are kept', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const receiver = await s.udp({ nick: 'receiver' });
  const ann = await s.udp({ nick: 'ann' });
  for (const text of ['lf\n', 'crlf\r\n', 'none', 'a\nb\n']) await ann.say(text);
  await receiver.hears('b');
  await listener.hears('b');
  assert.deepEqual(listener.texts(), ['lf', 'crlf', 'none', 'a\nb']);
  const said = receiver.datagrams.map((each) => each.text).filter((text) => text.startsWith('ann: '));
  assert.equal(said.length, 4, 'one message is one datagram');
  assert.deepEqual(said.map((text) => text.replace(/\n$/, '')), ['ann: lf', 'ann: crlf', 'ann: none', 'ann: a\nann: b']);
});

test('bad UTF-8 and too long texts are refused with a *** datagram', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const ann = await s.udp({ nick: 'ann' });
  for (const bad of [Buffer.from([0x61, 0xff]), 'x'.repeat(4097), 'x\n'.repeat(150)]) {
    await ann.say(bad);
    await ann.notice();
  }
  await ann.say('fine');
  await listener.hears('fine');
  assert.deepEqual(listener.texts(), ['fine']);
});

test('one address is one client, whichever of the listeners it writes to', async (t) => {
  const s = await scene(t, { args: ['--udp', '127.0.0.1:0', '--udp', '127.0.0.2:0'] });
  const listener = await s.v1({ nick: 'listener' });
  const [, second] = s.daemon.listeners.udp;
  const [host, port] = [second.replace(/:\d+$/, ''), Number(/\d+$/.exec(second)[0])];
  const ann = await s.udp({ nick: 'ann' });
  await ann.say('by the second door', { host, port });
  assert.equal((await listener.hears('by the second door')).nick, 'ann');
  await listener.publish('=one=');
  await listener.publish('=two=');
  await ann.hears('=two=');
  assert.equal(ann.count('=one='), 1);
});

for (const [listen, hosts] of [['0.0.0.0:0', ['127.0.0.1', '127.0.0.3']], ['[::]:0', ['127.0.0.5', '::1']]]) {
  test(`on ${listen} answers leave from the address that was written to`, async (t) => {
    const s = await scene(t, { args: ['--udp', listen] });
    const listener = await s.v1({ nick: 'listener' });
    for (const host of hosts) {
      const client = await s.udpSocket({ host }).connect();
      await listener.publish(`=to ${host}=`);
      await client.hears(`=to ${host}=`);
      const sources = new Set(client.datagrams.map((datagram) => datagram.from));
      assert.deepEqual([...sources], [`${host}:${s.daemon.udp}`]);
    }
  });
}

test('datagrams that begin with *** and a blank are dropped unanswered', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const loop = await s.udpSocket().open();
  await loop.say('*** you are guest-1 in lobby, /help');
  await loop.say('*** evil');
  await listener.publish('=before=');
  await loop.say('');  // had the first registered it, there would be something before this greeting
  await loop.next(GREETING);
  await loop.say('*** evil again');
  await loop.say('*fine');
  await listener.hears('*fine');
  await listener.publish('=marker=');
  await loop.hears('=marker=');
  assert.deepEqual(listener.texts(), ['=before=', '*fine', '=marker=']);
  assert.equal(loop.count('=before='), 0);
  assert.equal(greetings(loop), 1);
});

test('datagrams from ports below 1024 are dropped unanswered', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const low = s.udpSocket({ bind: { address: '127.0.0.1', port: 900 } });
  try {
    await low.open();
  } catch (error) {
    return t.skip(`cannot bind a low port here: ${error.code}`);
  }
  await low.say('');
  await low.say('evil');
  const fine = await s.udp({ nick: 'fine' });
  await fine.say('=marker=');
  await listener.hears('=marker=');
  assert.deepEqual(listener.texts(), ['=marker=']);
  assert.deepEqual(low.datagrams, []);
});

test('who is silent for udp.idle is forgotten, and comes back as somebody new', async (t) => {
  const s = await scene(t, { args: ['--set', 'udp.idle=300ms'] });
  const other = await s.tcp({ nick: 'other' });
  const quiet = await s.udp();
  await other.notice(new RegExp(`^\\*\\*\\* ${quiet.nick} left$`), 'that the silent one left');
  await other.say('=unheard=');
  const first = greetings(quiet);
  await quiet.say('');
  await quiet.until(() => greetings(quiet) === first + 1, 'a second greeting');
  assert.equal(quiet.count('=unheard='), 0);
});

test('/quit ends a registration at once', async (t) => {
  const s = await scene(t);
  const other = await s.tcp({ nick: 'other' });
  const ann = await s.udp({ nick: 'ann' });
  await other.notice(/\bann( joined)?$/);
  await ann.say('/quit');
  await other.notice(/^\*\*\* ann left$/);
  await other.say('=unheard=');
  await ann.say('');
  await ann.until(() => greetings(ann) === 2, 'a second greeting');
  assert.equal(ann.count('=unheard='), 0);
});
