// The page's address: /#room, or /#@nick for a conversation. Where somebody went stands in the browser's history, so that Back leads out of a
// place before it leads out of the page.

import { isNick, isRoom } from './names.js';

/** {room} or {nick}; {lost: true} when it is none that could be either. */
export function inAddress() {
  if (location.hash.length < 2) return {};
  let name = '';
  try {
    name = decodeURIComponent(location.hash.slice(1));
  } catch { /* not ours to mend */ }
  if (name.startsWith('@') && isNick(name.slice(1))) return { nick: name.slice(1) };
  return isRoom(name.toLowerCase()) ? { room: name.toLowerCase() } : { lost: true };
}

export const roomAddress = (room) => `#${room}`;
export const personAddress = ({ nick }) => `#@${encodeURIComponent(nick)}`;

export function remember(address, { replace = false } = {}) {
  if (replace || address === location.hash) history.replaceState({ ours: true }, '', address);
  else history.pushState({ ours: true }, '', address);
}
