// The chat without a page: its client over sockets that the test holds.
import { Chat } from '../../web/js/chat.js';
import { FakeClock, FakeStorage, counter, fakeSockets } from './fakes.mjs';

export const message = (seq, more = {}) => ({ type: 'message', room: 'lobby', seq, at: '2026-01-02T03:04:05.678Z', nick: 'bob', via: 'tcp', text: `t${seq}`, ...more });
export const kept = (session, items) => new FakeStorage().fill([['chatbridge.session', session], ['chatbridge.outbox', JSON.stringify(items)]]);
export const joined = (more = {}) => ({ type: 'joined', room: 'lobby', epoch: 'e1', head: 0, recovered: true, count: 1, members: [], ...more });

export const settled = () => new Promise((resolve) => { setImmediate(resolve); });

export function setup({ nick, storage, keep = {}, on = {} } = {}) {
  const clock = new FakeClock();
  const WebSocket = fakeSockets();
  const chat = new Chat({ client: { url: 'ws://host/ws', WebSocket, nick, storage }, keep, on }, { clock, random: () => 0, id: counter('c') });
  const welcome = (session = 's1', more = {}) => {
    WebSocket.last.opens();
    WebSocket.last.says({ type: 'welcome', nick: 'ann', session, room: 'lobby', limits: { message_bytes: 4096, message_lines: 100 }, ...more });
    WebSocket.last.take('ping');
  };
  const comeBack = (session) => { clock.advance(2_000); welcome(session); };
  const seen = () => chat.store.rooms.get('lobby').entries.map((entry) => (entry.kind === 'message' ? entry.text : entry.kind));
  const entries = (key) => chat.directs.conversations.get(key).entries.map((entry) => (entry.kind === 'message' ? `${entry.nick}: ${entry.text}` : entry.kind));
  const waiting = (place = 'lobby') => chat.outgoing(place).map((item) => `${item.text} ${item.state}`);
  return { chat, clock, WebSocket, welcome, comeBack, seen, entries, waiting, get socket() { return WebSocket.last; } };
}

export const direct = (more = {}) => ({ type: 'direct', nick: 'bob', to: 'ann', at: '2026-01-02T03:04:05.678Z', via: 'tcp', text: 'psst', ...more });
export const began = (options) => {
  const s = setup(options);
  s.chat.join('lobby');
  s.chat.start();
  s.welcome();
  s.socket.says(joined({ members: [{ nick: 'ann', via: 'ws' }, { nick: 'Bob', via: 'tcp' }] }));
  return s;
};
