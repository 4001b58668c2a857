// What rooms and people may be called, and when two names are one.

export { fold } from '../client.js';

const ROOM = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const NICK = /^[\p{L}\p{M}\p{Nd}_-]{1,32}$/u;

export const isRoom = (name) => ROOM.test(name);
export const isNick = (name) => NICK.test(name);

/** False for raw clients of a verbatim relay, which nobody can write to alone: no person can have such a name. */
export const isPerson = (name) => isNick(name) && !/^(tcp|udp|ws|http|link)-\d+$/i.test(name);
