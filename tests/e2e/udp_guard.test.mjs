// Strangers over UDP: who joins, who doesn't, and what somebody gets in whose name others write.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { startDaemon } from '../support/daemon.mjs';
import { namespaces } from '../support/namespaces.mjs';
import { Program } from '../support/program.mjs';
import { scene } from '../support/scene.mjs';

const PYTHON = '/usr/bin/python3';
const script = (name) => fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url));
const GREETING = /^\*\*\* you are guest-\d+ in lobby/;
const CHALLENGE = /^\*\*\* reply (\/hello [0-9a-f]{6}) to join$/;
const reply = (challenge) => CHALLENGE.exec(challenge)[1];
const other = (hello) => hello.slice(0, -1) + (hello.endsWith('0') ? '1' : '0');
const named = (ip6) => (ip6 ? 'IPv6' : 'IPv4');

// Daemons and programs of one test on its hosts; they end before the hosts do.
async function internet(t, hosts) {
  const net = namespaces(t, hosts);
  if (!net) return undefined;
  const { use } = net;
  return Object.assign(net, {
    async daemon(host, args = []) {
      return use(await startDaemon({ prefix: host.prefix, args: ['--udp', '[::]:0', ...args] }));
    },
    run: (host, name, ...command) => use(new Program(name, [...host.prefix, ...command])),
    nc: (host, address, port, ...options) => net.run(host, `nc ${host.name}`, 'nc', ...options, address, `${port}`),
    async chatter(host, daemon, nick) {
      return net.nc(host, '127.0.0.1', daemon.tcp).connect({ nick });
    },
    async sniffer(host) {
      const sniffer = net.run(host, 'sniffer', PYTHON, '-u', script('sniff.py'));
      await sniffer.next('sniffing');
      return sniffer;
    },
    // Gives what was sent: {datagrams, bytes}.
    forger(host) {
      const forger = net.run(host, 'forger', PYTHON, '-u', script('spoof.py'));
      return async (from, to, texts) => {
        await forger.say(JSON.stringify({ from, to, texts }));
        return JSON.parse(await forger.next('bytes'));
      };
    },
  });
}

// Everything a sniffer has seen up to a datagram that is sent for it to see, the same way as what is looked for. It is
// for nobody: what the kernel says to it is left out too.
let marks = 0;
async function packets(sniffer, forge, to) {
  const mark = `=mark ${++marks}=`;
  await forge([[to.includes(':') ? '2001:db8:ffff::77' : '192.0.2.77', 7777]], [to, 9], [mark]);
  await sniffer.next(mark, 'the mark behind all the rest');
  const seen = sniffer.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  return seen.filter((each) => (each.in || each.udp) && !each.text.startsWith('=mark'));
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

test('whom udp.trusted does not hold says hello first: nothing before it is heard, nobody is heard before it', async (t) => {
  const s = await scene(t, { args: ['--set', 'udp.trusted=none'] });
  const listener = await s.v1({ nick: 'listener' });
  const ann = await s.udpSocket().open();
  await ann.say('=before=');
  const challenge = await ann.next(CHALLENGE);
  await listener.publish('=private=');
  await ann.say(other(reply(challenge)));
  assert.equal(await ann.next(), challenge, 'a wrong cookie is challenged again');
  await ann.say(`  ${reply(challenge).toUpperCase()} \r\n`);
  assert.match(await ann.next(), GREETING, 'nothing between the challenge and the greeting');
  await ann.say('=after=');
  await listener.hears('=after=');
  await listener.publish('=public=');
  await ann.hears('=public=');
  assert.deepEqual(listener.texts(), ['=private=', '=after=', '=public=']);
  assert.deepEqual(ann.texts(), ['=public=']);

  const bob = await s.udpSocket().open();
  await bob.say(reply(challenge));
  await bob.next(CHALLENGE, "a challenge: another port's cookie is wrong");
});

test('hello from somebody who is in already is answered, and heard by nobody', async (t) => {
  const s = await scene(t);
  const listener = await s.v1({ nick: 'listener' });
  const ann = await s.udpSocket().open();
  await ann.say('/hello 123456\n');
  await ann.next(GREETING);
  for (const hello of ['/hello 123456', '/hello', '  /HELLO 123456 \r\n', '/hello a b\nc']) {
    await ann.say(hello);
    await ann.next(GREETING);
  }
  await ann.say('=end=');
  await listener.hears('=end=');
  const page = await s.tcp({ nick: 'tcp' });
  await page.say('/hello 123456');
  await page.notice(/no such command/);
  const text = await s.wsText({ nick: 'text' });
  await text.say('/hello 123456');
  await text.notice(/no such command/);
  await text.say('=really the end=');
  await listener.hears('=really the end=');
  assert.deepEqual(listener.texts(), ['=end=', '=really the end=']);
});

test('one sender gets few challenges and few guesses; what is more is not answered, and counted', async (t) => {
  const s = await scene(t, { args: ['--set', 'udp.trusted=none', '--udp', '127.0.0.1:0'] });
  const ann = await s.udpSocket().open();
  for (let i = 0; i < 8; i++) {
    await ann.say('/hello 12345');
    await ann.next(CHALLENGE);
  }
  for (let i = 0; i < 100; i++) await ann.say('again');
  for (let i = 0; i < 100; i++) await ann.say(`/hello ${100000 + i}`);
  const later = await s.udpSocket({ bind: { address: '127.0.0.2' } }).open();
  await later.say('');
  await later.next(CHALLENGE);
  await s.daemon.stop();
  const line = await s.daemon.logged(/udp_dropped.*over_limit/, 'the report');
  const count = (name) => Number(new RegExp(`${name}=(\\d+)`).exec(line)[1]);
  assert.ok(count('wrong_cookie') >= 7 && count('wrong_cookie') <= 15, line);
  assert.ok(count('challenged') >= 8 && count('challenged') <= 30, line);
  assert.ok(count('over_limit') >= 170, line);
  await ann.until((lines) => lines.length + later.lines.length === count('challenged'), 'as many challenges as were counted');
});

test('with all places taken by one address, a newcomer from another gets the longest silent one', async (t) => {
  const s = await scene(t, { args: ['--set', 'udp.peers=3'] });
  const other = await s.tcp({ nick: 'other' });
  const crowd = [];
  for (const nick of ['a', 'b', 'c']) crowd.push(await s.udp({ nick }));
  await crowd[0].say('still here');
  await other.hears('still here');
  const fourth = await s.udpSocket().open();
  await fourth.say('=unheard=');
  const newcomer = await s.udpSocket({ bind: { address: '127.0.0.2' } }).connect({ nick: 'newcomer' });
  await other.next('*** b left');
  await newcomer.say('=heard=');
  await other.hears('=heard=');
  assert.equal(other.count('=unheard='), 0);
  assert.deepEqual(fourth.datagrams, []);
});

for (const ip6 of [false, true]) {
  const key = (name) => (ip6 ? `${name}6` : name);

  test(`somebody outside says hello by hand with nc and chats both ways (${named(ip6)})`, async (t) => {
    const net = await internet(t, ['friend']);
    if (!net) return;
    const daemon = await net.daemon(net.hub);
    const inside = await net.chatter(net.hub, daemon, 'inside');
    const call = () => net.nc(net.friend, net.friend[key('hubIp')], daemon.udp, '-u');

    const friend = call();
    await friend.say('=knock=');
    const challenge = await friend.next(CHALLENGE);
    await friend.say(reply(challenge));
    await friend.next(GREETING);
    await friend.say('=from outside=');
    await inside.hears('=from outside=');
    await inside.say('=from inside=');
    await friend.hears('=from inside=');

    const wrong = call();
    await wrong.say('=wrong=');
    await wrong.say(other(reply(await wrong.next(CHALLENGE))));
    await wrong.next(CHALLENGE);
    await wrong.say(reply(challenge));  // the other port's
    await wrong.next(CHALLENGE);
    await friend.say('=end=');
    await inside.hears('=end=');
    assert.deepEqual(inside.texts(), ['=from outside=', '=end=']);
    assert.deepEqual(friend.texts(), ['=from inside=']);
    assert.ok(wrong.lines.every((line) => CHALLENGE.test(line)), wrong.lines.join('\n'));
  });

  test(`who is written in the name of gets challenges only, at most 3 times the bytes that were sent (${named(ip6)})`, async (t) => {
    const net = await internet(t, ['victim', 'attacker', 'friend']);
    if (!net) return;
    const daemon = await net.daemon(net.hub);
    const inside = await net.chatter(net.hub, daemon, 'inside');
    const sniffer = await net.sniffer(net.victim);
    const forge = net.forger(net.attacker);
    const mark = net.forger(net.hub);
    const server = [net.attacker[key('hubIp')], daemon.udp];
    const friend = net.nc(net.friend, net.friend[key('hubIp')], daemon.udp, '-u');
    await friend.say('');
    await friend.say(reply(await friend.next(CHALLENGE)));
    await friend.next(GREETING);

    const sent = [];
    const began = performance.now();
    // In pieces the socket's buffer holds; the friend's answer comes behind what it was asked after.
    const flood = async (from, texts) => {
      sent.push(await forge(from, server, texts));
      await friend.say('/who');
      await friend.next(/^\*\*\* 2 in lobby/);
      await inside.say(`=not for strangers ${sent.length}=`);
    };
    const neighbours = Array.from({ length: 60 }, (_, i) => [ip6 ? `2001:db8:1:${i + 1}::1` : `203.0.113.${100 + i}`, 4000]);
    await flood(neighbours, ['']);
    await sniffer.until((lines) => lines.filter((line) => line.includes('/hello')).length === 60, 'an answer to each of the smallest');
    const first = await packets(sniffer, mark, net.victim[key('ip')]);
    for (let round = 0; round < 40; round++) {
      const ports = Array.from({ length: 10 }, (_, i) => [net.victim[key('ip')], 2000 + 10 * round + i]);
      await flood(ports, ['', 'hi', '*** hi', '/quit', '/history', '/hello', ...[1, 2, 3, 4].map((n) => `/hello 0000${round + 10}${n}`.slice(0, 13))]);
    }
    const got = (await packets(sniffer, mark, net.victim[key('ip')])).filter((each) => each.in);
    const [bytesIn, bytesOut] = [sum(sent.map(({ bytes }) => bytes)), sum(got.map(({ bytes }) => bytes))];
    t.diagnostic(`sent ${sum(sent.map((each) => each.datagrams))} datagrams, ${bytesIn} bytes; the victim got ${got.length}, ${bytesOut} bytes`);
    const smallest = sum(first.map(({ bytes }) => bytes));
    t.diagnostic(`for empty ones: sent ${sent[0].bytes} bytes, the victim got ${smallest}`);
    assert.ok(smallest <= 3 * sent[0].bytes);
    assert.ok(bytesOut <= 3 * bytesIn, `${bytesOut} <= 3 * ${bytesIn}`);
    const seconds = (performance.now() - began) / 1000;
    assert.ok(got.length <= 64 + 8 + 16 * seconds + 1, `${got.length} datagrams in ${seconds} s`);
    for (const { udp, text, from } of got) {
      assert.ok(udp && CHALLENGE.test(text.trimEnd()), text);
      assert.deepEqual(from, server);
    }
    await friend.hears(`=not for strangers ${sent.length}=`);
    assert.deepEqual(inside.texts(), []);
    assert.ok(!inside.lines.some((line) => /joined|left/.test(line) && !line.includes(friend.nick ?? 'guest')), inside.lines.join('\n'));
  });
}

for (const trusted of [false, true]) {
  test(`two daemons that are written to in each other's name do not loop (${trusted ? 'trusted' : 'strangers'})`, async (t) => {
    const net = await internet(t, ['other']);
    if (!net) return;
    const args = trusted ? ['--set', 'udp.trusted=203.0.113.0/24'] : [];
    const one = await net.daemon(net.hub, args);
    const two = await net.daemon(net.other, args);
    const ann = await net.chatter(net.hub, one, 'ann');
    const bob = await net.chatter(net.other, two, 'bob');
    const sniffer = await net.sniffer(net.other);
    const [asOne, asTwo] = [net.forger(net.hub), net.forger(net.other)];
    const [atOne, atTwo] = [[net.other.hubIp, one.udp], [net.other.ip, two.udp]];
    const texts = ['', 'hi', '/who', '/nick echo', '/history', '/hello 123456', '/nonsense', '\xff', '*** reply /hello 123456 to join'];
    const forged = await asOne([atOne], atTwo, texts);
    await asTwo([atTwo], atOne, texts);
    const roundTrips = async (n) => {
      for (let i = 0; i < n; i++) {
        for (const each of [ann, bob]) {
          await each.say('/who');
          await each.notice(/ in lobby: /);
        }
      }
    };
    const seen = async () => (await packets(sniffer, asOne, net.other.ip)).length;
    await roundTrips(5);
    await ann.say('=ann=');
    await bob.say('=bob=');
    if (trusted) {
      await ann.hears('=bob=');
      await bob.hears('=ann=');
    }
    await roundTrips(5);
    const before = await seen();
    await roundTrips(50);
    const after = await seen();
    t.diagnostic(`${2 * forged.datagrams} forged datagrams and two messages: ${after} datagrams in all`);
    assert.equal(after, before, 'it is quiet');
    assert.ok(after <= 5 * 2 * forged.datagrams, `${after} datagrams`);
    for (const [each, text] of [[ann, '=bob='], [bob, '=ann=']]) assert.equal(each.count(text), trusted ? 1 : 0);
  });
}
