// What was typed -> what is meant. Pure: nothing is done here.

import { isNick, isRoom } from './names.js';

// These carry what others must not read. A line that looks like one is never a message, whatever stands before it and wherever it stands.
const PRIVATE = /^[^\S\n\r\u2028\u2029]*\/(msg|resume|login)(?![\p{L}\p{N}_-])/imu;
const SECRET = /\/(resume|login)(?![\p{L}\p{N}_-])/iu;
const DIRECT = /^\/msg[^\S\n]+@?(\S+)\s+([^]+)$/i;

/**
 * {name: 'say', text, action?} | {name: 'nick', nick} | {name: 'join', room} | {name: 'history', limit} |
 * {name: 'direct', nick, text} | {name: 'rooms' | 'who' | 'help' | 'quit'} | {name: 'hint', hint, word} | null when there is nothing to do.
 * Hints: 'unknown' | 'unavailable' | 'nick' | 'room' | 'me' | 'history' | 'msg' | 'astray'.
 */
export function parse(typed) {
  const text = typed.replace(/\r\n?/g, '\n').replace(/^\n+/, '').trimEnd();
  if (!text.trim()) return null;

  const [, nick, said] = DIRECT.exec(text) ?? [];
  const hidden = PRIVATE.exec(said ?? text)?.[1].toLowerCase();
  if (hidden && hidden !== 'msg') return hint('unavailable', hidden);
  if (hidden) return hint(said === undefined && /^\/msg/i.test(text) ? 'msg' : 'astray', hidden);
  if (said !== undefined) return isNick(nick) ? { name: 'direct', nick, text: said } : hint('msg', 'msg');
  if (!text.startsWith('/')) return { name: 'say', text };
  if (text.startsWith('//')) return { name: 'say', text: text.slice(1) };

  const [, word, rest] = /^\/(\S*)\s*([^]*)$/.exec(text);
  const argument = rest.trim();
  switch (word.toLowerCase()) {
    case 'nick': return isNick(argument) ? { name: 'nick', nick: argument } : hint('nick', word);
    case 'join': {
      const room = argument.replace(/^#/, '').toLowerCase();
      return isRoom(room) ? { name: 'join', room } : hint('room', word);
    }
    case 'me': return argument ? { name: 'say', text: argument, action: true } : hint('me', word);
    case 'history': {
      if (!argument) return { name: 'history', limit: 50 };
      return /^[1-9]\d{0,5}$/.test(argument) ? { name: 'history', limit: Number(argument) } : hint('history', word);
    }
    case 'rooms': case 'who': case 'help': case 'quit': return { name: word.toLowerCase() };
    default: return hint('unknown', word);
  }
}

/** What one types to say it: parse() the other way round. */
export function typed({ text, action }) {
  if (action) return `/me ${text}`;
  return text.startsWith('/') ? `/${text}` : text;
}

/** What must not be written down where others may find it: 'secret' for nobody at all, 'private' for this tab alone. */
export function secrecy(text) {
  if (SECRET.test(text)) return 'secret';
  return PRIVATE.test(text) ? 'private' : undefined;
}

function hint(kind, word) {
  return { name: 'hint', hint: kind, word };
}
