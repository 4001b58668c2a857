// A client whose server, clock and surroundings are the test.
import { ChatBridge } from '../../web/client.js';
import { FakeClock, counter, fakeSockets } from './fakes.mjs';

export const message = (seq, more = {}) => ({ type: 'message', room: 'lobby', seq, at: '2026-01-02T03:04:05.678Z', nick: 'bob', via: 'tcp', text: `t${seq}`, ...more });
export const joined = (more = {}) => ({ type: 'joined', room: 'lobby', epoch: 'e1', head: 0, recovered: true, count: 1, members: [], ...more });
export const error = (code, more = {}) => ({ type: 'error', code, message: `because ${code}`, ...more });
const EVENTS = ['state', 'welcome', 'joined', 'message', 'gap', 'presence', 'nick', 'direct', 'typing', 'outbox', 'latency', 'error', 'bye'];

export function setup(options = {}, { clock = new FakeClock(), WebSocket = fakeSockets(), scope = {} } = {}) {
  const chat = new ChatBridge({ url: 'http://host/', WebSocket, ...options }, { clock, random: () => 0, id: counter('c'), scope });
  const heard = [];
  for (const type of EVENTS) chat.on(type, (detail) => heard.push([type, detail]));
  const s = {
    chat, clock, WebSocket, heard,
    get socket() { return WebSocket.last; },
    of: (type) => heard.filter(([kind]) => kind === type).map(([, detail]) => detail),
    texts: () => s.of('message').map(({ text }) => text),
    welcome(session = 's1', { opened = false, ...more } = {}) {
      if (!opened) s.socket.opens();
      s.socket.says({ type: 'welcome', nick: 'ann', session, room: 'lobby', limits: { message_bytes: 4096, message_lines: 100 }, ...more });
      s.socket.take('ping');
    },
    comeBack(session = 's1') { s.clock.advance(2_000); s.welcome(session); },
    enter(frame = {}) {
      chat.connect();
      s.welcome();
      chat.join('lobby');
      s.socket.says(joined(frame));
      s.socket.sent = [];
      return s;
    },
  };
  return s;
}

// What becomes of a promise, or 'waits'.
export async function outcome(promise) {
  const nothing = Symbol('nothing');
  const later = new Promise((resolve) => { setImmediate(resolve, nothing); });
  try {
    const value = await Promise.race([promise, later]);
    return value === nothing ? 'waits' : value;
  } catch (reason) {
    return reason.code;
  }
}
