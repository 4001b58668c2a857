// A store of rooms with the lobby in it.
import { Store } from '../../web/js/store.js';
import { joined as anyJoined } from './chat_scene.mjs';

export { message } from './chat_scene.mjs';
export const joined = (more = {}) => anyJoined({ members: [{ nick: 'ann', via: 'ws' }], ...more });

export function setup() {
  const store = new Store();
  store.nick = 'ann';
  const room = store.add('lobby');
  const kinds = () => room.entries.map((entry) => (entry.kind === 'message' ? entry.seq : entry.kind));
  return { store, room, kinds };
}
