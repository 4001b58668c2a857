// Coming back on a plain connection with a token: nick, room, and everything since.
import assert from 'node:assert/strict';
import test from 'node:test';
import { TcpClient } from '../support/clients.mjs';
import { scene } from '../support/scene.mjs';
import { Lives, stateDirectory } from '../support/state.mjs';
import { SLOW } from '../support/wait.mjs';

const TOKEN = /\/resume ([a-z2-7]{26})$/;
const token = async (client) => TOKEN.exec(await client.notice(TOKEN))[1];
const ask = async (client) => { await client.say('/resume'); return token(client); };
const lobby = (client) => client.lines.filter((line) => /^\[\d\d:\d\d\] |^[^*]/.test(line));

for (const kind of ['tcp', 'ws-text', 'udp']) {
  test(`${kind}: /resume TOKEN gives nick and room back and what was said since, once`, async (t) => {
    const s = await scene(t);
    const bob = await s.v1({ nick: 'bob', room: 'den' });
    const ann = await s.client(kind, { nick: 'ann', room: 'den' });
    await bob.publish('before');
    await ann.hears('before');
    const given = await ask(ann);
    if (kind === 'udp') {
      // The last datagram that was sent is its place.
      await bob.publish('heard');
      await ann.hears('heard');
      await ann.say('/quit');  // or it is there for ten minutes
    } else {
      await ann.close();
    }
    await bob.until((events) => events.some((event) => event.type === 'presence' && event.left?.some(({ nick }) => nick === 'ann')), 'ann left');
    for (const text of ['one', 'two']) await bob.publish(text);
    const back = await s.client(kind);
    await back.say(`/resume ${given}`);
    await back.notice(/^\*\*\* you are ann in den, \/help$/);
    const next = await token(back);
    assert.notEqual(next, given);
    await bob.publish('three');
    await back.hears('three');
    assert.deepEqual(lobby(back).map((line) => line.replace(/^\[\d\d:\d\d\]/, '[..]')), ['[..] bob: one', '[..] bob: two', 'bob: three']);
    const thief = await s.tcp();
    await thief.say(`/resume ${given}`);
    await thief.notice(/^\*\*\* that token is not known/);
    assert.ok(!s.daemon.log().includes(given) && !s.daemon.log().includes(next), 'no token is logged');
    assert.ok(!JSON.stringify(bob.events).includes(given), 'nor told to others');
  });
}

for (const kind of ['tcp', 'ws-text', 'udp']) {
  test(`${kind}: a connection that is still there is taken over`, async (t) => {
    const s = await scene(t);
    const bob = await s.v1({ nick: 'bob' });
    const ann = await s.client(kind, { nick: 'ann' });
    const given = await ask(ann);
    await bob.publish('heard by the old one');
    await ann.hears('heard by the old one');
    const back = await s.tcp();
    await back.say(`/resume ${given}`);
    await back.notice(/^\*\*\* you are ann in lobby/);
    await ann.notice(/^\*\*\* resumed elsewhere, bye$/);
    if (kind !== 'udp') await ann.whenClosed();
    if (kind === 'ws-text') assert.equal((await ann.closed).code, 1013);
    await bob.publish('news');
    await back.hears('news');
    assert.equal((await bob.ask({ type: 'who', room: 'lobby' }, 'members')).count, 2);
    if (kind !== 'udp') return;
    await s.daemon.logged(/ disconnect transport=udp .*resumed elsewhere/, 'that it is forgotten');
    await ann.say('');
    await ann.notice(/^\*\*\* you are guest-\d+ in lobby/, 'the greeting of somebody new');
  });
}

test('what a stopped client had not taken comes again, and nothing is missing', async (t) => {
  const s = await scene(t);
  const bob = await s.v1({ nick: 'bob' });
  const ann = await s.tcp({ nick: 'ann' });
  const given = await ask(ann);
  ann.socket.pause();
  const said = [];
  for (let n = 0; n < 3000; n++) said.push(`m${n}.${'x'.repeat(1000)}`);
  for (const text of said.slice(0, -1)) await bob.say(text);
  await bob.publish(said.at(-1));
  ann.socket.resetAndDestroy();
  const back = await s.tcp();
  await back.say(`/resume ${given}`);
  await back.hears(said.at(-1).slice(0, 20), 30_000 * SLOW);
  const got = lobby(back).map((line) => line.slice(line.indexOf(': ') + 2));
  // The kernel of the stopped client had acknowledged some that its program never read.
  assert.ok(got.length > 500, `${got.length} came again`);
  assert.deepEqual(got, said.slice(said.length - got.length), 'from there on all of them, once, in order');
});

test('it works after the server was killed, and the nick was kept meanwhile', async (t) => {
  const lives = new Lives(stateDirectory(t));
  let daemon = await lives.start();
  t.after(() => lives.daemon.stop());
  const ann = await new TcpClient(daemon.tcp).connect({ nick: 'ann' });
  const bob = await new TcpClient(daemon.tcp).connect({ nick: 'bob' });
  const given = await ask(ann);
  await ann.close();
  await bob.say('while you were away');
  const witness = await new TcpClient(daemon.tcp).connect();
  await witness.say('/history 1');
  await witness.hears('while you were away');
  daemon = await lives.restart();
  const other = await new TcpClient(daemon.tcp).connect();
  t.after(() => other.close());
  await other.say('/nick ann');
  await other.notice(/taken/);
  const back = await new TcpClient(daemon.tcp).connect();
  t.after(() => back.close());
  await back.say(`/resume ${given}`);
  await back.notice(/^\*\*\* you are ann in lobby/);
  await back.hears('while you were away');
});
