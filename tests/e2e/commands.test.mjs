// The commands, on every raw transport, and what names and rooms may be called.
import assert from 'node:assert/strict';
import test from 'node:test';
import { scene } from '../support/scene.mjs';

const KINDS = ['tcp', 'udp', 'ws-text'];

for (const kind of KINDS) {
  test(`${kind}: /nick, /me and //x are seen by the others`, async (t) => {
    const s = await scene(t);
    const other = await s.tcp({ nick: 'other' });
    const ann = await s.client(kind);
    const guest = ann.nick;
    await other.notice(new RegExp(`^\\*\\*\\* ${guest} joined$`));
    await ann.rename('ann');
    await other.notice(new RegExp(`^\\*\\*\\* ${guest} is now ann$`));
    await ann.say('/me waves');
    await other.next('* ann waves');
    await ann.say('//nick is a command');
    assert.equal(await other.next('is a command'), 'ann: /nick is a command');
  });

  test(`${kind}: /who and /rooms list, /help names the commands`, async (t) => {
    const s = await scene(t);
    await s.tcp({ nick: 'zoe', room: 'den' });
    await s.tcp({ nick: 'bob' });
    const ann = await s.client(kind, { nick: 'ann' });
    await ann.say('/who');
    await ann.notice(/\bbob\b/);
    assert.ok(!ann.lines.some((line) => /\bzoe\b(?! left$)/.test(line)), 'zoe is in another room');
    await ann.say('/rooms');
    await ann.until((lines) => /\bden\b/.test(lines) && /^\*\*\* .*\blobby\b/m.test(lines.join('\n')), 'both rooms');
    await ann.say('/help');
    for (const command of ['/nick', '/join', '/rooms', '/who', '/me', '/history', '/quit']) {
      await ann.until((lines) => lines.some((line) => line.startsWith('*** ') && line.includes(command)), command);
    }
  });

  test(`${kind}: /join moves from room to room`, async (t) => {
    const s = await scene(t);
    const lobby = await s.v1({ nick: 'in_lobby' });
    const den = await s.v1({ nick: 'in_den', room: 'den' });
    const ann = await s.client(kind, { nick: 'ann' });
    await ann.say('in the lobby');
    await lobby.hears('in the lobby');
    await ann.join('den');
    await ann.say('in the den');
    await den.hears('in the den');
    await lobby.publish('=lobby marker=');
    await den.publish('=den marker=');
    await ann.hears('=den marker=');
    assert.deepEqual(lobby.texts(), ['in the lobby', '=lobby marker=']);
    assert.deepEqual(den.texts(), ['in the den', '=den marker=']);
    assert.equal(ann.count('=lobby marker='), 0, 'a raw client is in one room');
  });

  test(`${kind}: /history shows old messages with their time, unasked there are none`, async (t) => {
    const s = await scene(t);
    const bob = await s.v1({ nick: 'bob' });
    for (const text of ['one', 'two', 'three']) await bob.publish(text);
    const ann = await s.client(kind, { nick: 'ann' });
    assert.deepEqual(ann.texts(), [], 'no history unasked');
    await ann.say('/history 2');
    await ann.next(/^\[\d\d:\d\d\] bob: two$/);
    await ann.next(/^\[\d\d:\d\d\] bob: three$/);
    await ann.say('/history');
    await ann.next(/^\[\d\d:\d\d\] bob: one$/);
    await ann.next(/^\[\d\d:\d\d\] bob: three$/);
    assert.equal(ann.count('one'), 1);
  });

  test(`${kind}: an unknown /word is not said but answered with a hint at //`, async (t) => {
    const s = await scene(t);
    const bob = await s.v1({ nick: 'bob' });
    const ann = await s.client(kind, { nick: 'ann' });
    await ann.say('/frobnicate now');
    await ann.notice(/\/\//, 'a hint that names //');
    await ann.say('=marker=');
    await bob.hears('=marker=');
    assert.deepEqual(bob.texts(), ['=marker=']);
  });

  test(`${kind}: lines that look like /resume or /login are never relayed`, async (t) => {
    const s = await scene(t);
    const bob = await s.v1({ nick: 'bob' });
    const other = await s.tcp({ nick: 'other' });
    const ann = await s.client(kind, { nick: 'ann' });
    for (const line of ['/resume SECRET', ' /resume SECRET', '\t/login SECRET', '  /login', '  /resume', '/LOGIN SECRET']) {
      await ann.say(line);
    }
    await ann.say('=marker=');
    await bob.hears('=marker=');
    await other.hears('=marker=');
    assert.deepEqual(bob.texts(), ['=marker=']);
    assert.ok(![...other.lines, ...bob.events].some((each) => JSON.stringify(each).includes('SECRET')));
    assert.ok(!s.daemon.log().includes('SECRET'), 'nor logged');
  });

  test(`${kind}: /quit ends it, the others are told`, async (t) => {
    const s = await scene(t);
    const other = await s.tcp({ nick: 'other' });
    const ann = await s.client(kind, { nick: 'ann' });
    await other.notice(/\bann( joined)?$/);
    await ann.say('/quit');
    await other.notice(/^\*\*\* ann left$/);
    if (kind !== 'udp') await ann.whenClosed();
    await other.say('=marker=');
    const listener = await s.v1({ nick: 'listener' });
    await listener.hears('=marker=');
    await listener.roundTrip();
    assert.equal(ann.count('=marker='), 0, 'it is out');
  });
}

test('a name in use is taken in every spelling that looks the same', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  await s.tcp({ nick: 'Ann' });
  await s.udp({ nick: 'Straße' });
  const thief = await s.tcp();
  for (const nick of ['Ann', 'ann', 'ANN', 'ａｎｎ', 'strasse', 'STRASSE', 'BOB']) {
    await thief.say(`/nick ${nick}`);
    await thief.notice();
    await thief.say(`after ${nick}`);
    await bob.hears(`after ${nick}`);
    assert.equal(bob.messages().at(-1).nick, thief.nick);
  }
});

test('bad names and names of the server\'s making cannot be claimed', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const ann = await s.tcp({ nick: 'ann' });
  const bad = ['guest-7', 'GUEST-7', 'tcp-7', 'udp-3', 'a:b', 'a*b', 'x'.repeat(33), '😀', '***', 'a\u200bb', 'a\u0301\u202eb'];
  for (const [n, nick] of bad.entries()) {
    await ann.say(`/nick ${nick}`);
    await ann.notice();
    await ann.say(`=after ${n}=`);
    await bob.hears(`=after ${n}=`);
    assert.equal(bob.messages().at(-1).nick, 'ann', `${nick} is no name`);
  }
  for (const nick of ['x'.repeat(32), 'Jürgen_2', '_-_', 'Ольга', '山田']) {
    await ann.rename(nick);
    await ann.say(`=now ${nick}=`);
    await bob.hears(`=now ${nick}=`);
    assert.equal(bob.messages().at(-1).nick, nick);
  }
});

test('bad room names are refused, the client stays where it is', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const ann = await s.tcp({ nick: 'ann' });
  for (const [n, room] of ['-x', '.hidden', '../up', 'a/b', 'r'.repeat(65), 'räume', ''].entries()) {
    await ann.say(`/join ${room}`);
    await ann.notice();
    await ann.say(`=still ${n}=`);
    await bob.hears(`=still ${n}=`);
  }
  await ann.join('a.b_c-0');
  await ann.join('r'.repeat(64));
});
