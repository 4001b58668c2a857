// What rooms and people may be called, and when two names are one.

const ROOM = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const NICK = /^[\p{L}\p{M}\p{Nd}_-]{1,32}$/u;

export const isRoom = (name) => ROOM.test(name);
export const isNick = (name) => NICK.test(name);

/** Equal only for nicks that the server holds for one; it may hold more for one than this does, never fewer. */
export const fold = (nick) => nick.normalize('NFKC').toLowerCase();
