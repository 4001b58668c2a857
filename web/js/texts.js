// Every sentence the page puts together, in one place, sorted by where it belongs. What always stands there is in index.html: whoever translates
// the page translates these two files, and the `lang` of the one.

export const commands = [
  ['/nick NAME', 'be called NAME'],
  ['/join ROOM', 'go to a room; it is made when it is not there yet'],
  ['/rooms', 'which rooms there are'],
  ['/who', 'who is in this room'],
  ['/me TEXT', 'say what you do'],
  ['/msg NAME TEXT', 'tell NAME alone'],
  ['/history [N]', 'show N older messages'],
  ['/help', 'show these commands'],
  ['/quit', 'go offline'],
  ['//TEXT', 'say /TEXT'],
];

export const help = commands.map(([command, meaning]) => `${command}  ${meaning}`).join('\n');

export const transports = {
  tcp: 'a raw TCP connection',
  udp: 'UDP datagrams',
  ws: 'a WebSocket',
  http: 'an HTTP request',
  link: 'a link to another server',
};

export const over = 'over ';
export const showAll = 'Show all';

const number = new Intl.NumberFormat();
export const people = (n) => (n === 1 ? '1 person' : `${number.format(n)} people`);

export function hint({ hint: kind, word }) {
  switch (kind) {
    case 'unavailable': return `/${word} is not available here. Nothing was sent.`;
    case 'nick': return 'Write /nick NAME. A name is 1 to 32 letters, digits, _ or -.';
    case 'room': return 'Write /join ROOM. A room is up to 64 of a-z, 0-9, . _ and -, and begins with a letter or digit.';
    case 'me': return 'Write /me and what you do.';
    case 'msg': return 'Write /msg NAME and what to tell them. Nothing was sent.';
    case 'astray': return '/msg belongs at the very start, for one person at a time. Nothing was sent.';
    case 'history': return 'Write /history, or /history and how many messages.';
    default: return `There is no command /${word}. See /help, or write //${word} to say /${word}.`;
  }
}

/** Why a message failed: by its code, with what is known of it. */
export function failure({ code, reason, to }) {
  if (code === 'too_long') {
    if (reason?.bytes) return `Too long: ${number.format(reason.bytes)} bytes, ${number.format(reason.limit)} are allowed.`;
    if (reason?.lines) return `Too long: ${number.format(reason.lines)} lines, ${number.format(reason.limit)} are allowed.`;
    return 'Too long for this server.';
  }
  if (code === 'not_joined') return 'You were not in the room when it arrived.';
  if (code === 'forbidden') return 'You are not allowed to write here.';
  if (code === 'no_such_nick') return `${to ?? 'That person'} is not connected.`;
  if (code === 'unknown') return 'The connection was lost before an answer came: it may have arrived.';
  return reason ? `Refused: ${reason}` : 'The server refused it.';
}

export const fate = { sent: 'sent', retry: 'Retry', edit: 'Edit', discard: 'Discard' };

export function error({ code, message, room }, { nick, wanted, renaming }) {
  if (code === 'nick_taken') return `The name ${wanted || 'you asked for'} is taken. You are ${nick}.`;
  if (code === 'bad_nick') return `${wanted || 'That'} cannot be a name here${message ? `: ${message}` : ''}. You are ${nick}.`;
  if (code === 'bad_room') return `${room ?? 'That'} cannot be a room here.`;
  if (code === 'rate_limited' && renaming && message) return `${message[0].toUpperCase()}${message.slice(1)}. You are ${nick}.`;
  if (code === 'rate_limited') return 'You are writing faster than this server takes it. What is waiting follows by itself.';
  if (code === 'too_many' && room) return `You cannot go to ${room}: ${message || 'there are too many'}.`;
  return message || `The server answered ${code}.`;
}

/** [what is said, what is only shown]: a countdown read aloud every second helps nobody. */
export function status(state, { now, online, latency = null }) {
  switch (state.name) {
    case 'connected': return ['connected', latency === null ? '' : ` · ${number.format(latency)} ms`];
    case 'connecting': return state.attempt ? ['reconnecting', ' …'] : ['offline', ', connecting …'];
    case 'waiting': {
      if (!online) return ['offline', ', no network'];
      const seconds = Math.max(1, Math.ceil((state.retryAt - now) / 1000));
      return ['reconnecting', ` in ${number.format(seconds)} s`];
    }
    default: return ['offline', ''];
  }
}

export const bye = ({ reason }) => (reason === 'shutdown'
  ? 'The server is going down. What you write waits here, and is sent when it is back.'
  : `The server said goodbye${reason ? `: ${reason}` : ''}.`);

export function waiting(connected) {
  return connected ? 'sending' : 'waiting for the connection';
}

/** What people did while nobody spoke, [{nick} | text]; most: of so many names all are told, of more a few. */
export function presence({ joined, left, passed, renamed: others }, most = 4) {
  const parts = [[joined, ' joined'], [left, ' left'], [passed, ' came and went']].filter(([list]) => list.length)
    .map(([list, what]) => [...names(list, most), what]);
  if (others.length > most) parts.push([`${number.format(others.length)} people have other names`]);
  else parts.push(...others.map(({ old, nick }) => [{ nick: old }, ' is now ', { nick }]));
  return parts.flatMap((part, i) => (i ? [', ', ...part] : part));
}

export const gone = ({ nick }) => `${nick} is not connected: what you write here does not arrive`;
export const renamed = ({ old, nick }) => `${old} is now ${nick}`;
/** [{nick} | text]: names stand apart, so that they can be shown as names. */
export function typing(nicks) {
  if (!nicks.length) return [];
  if (nicks.length > 2) return ['several people are typing…'];
  const [first, second] = nicks.map((nick) => ({ nick }));
  return second ? [first, ' and ', second, ' are typing…'] : [first, ' is typing…'];
}

export const gap = 'some messages are gone';
export const epoch = 'The server started anew: what is above is no longer kept there';

export function who({ room, members = [], count, more }) {
  const list = members.map(({ nick, via }) => (via ? `${nick} (${via})` : nick)).join(', ');
  return `${people(count ?? members.length)} in ${room}${list ? `: ${list}` : ''}${more ? ' …' : ''}`;
}

export function rooms(list) {
  if (!list.length) return 'There are no rooms yet.';
  return list.map(({ room, count }) => `${room}  ${people(count)}`).join('\n');
}

export const crowd = (count) => `${people(count)} here. In a room this full names are not listed.`;
export const newMessages = (n) => (n === 1 ? '1 new message' : `${number.format(n)} new messages`);
export const jump = (n) => (n ? newMessages(n) : 'Latest messages');
/** What is read aloud: messages, or how many there are. */
export const news = (messages) => (typeof messages === 'number' ? newMessages(messages)
  : messages.map(({ nick, text, action }) => (action ? `${nick} ${text}` : `${nick}: ${text}`)).join('\n'));
export const newLine = 'new messages';
export const older = 'Show older';
/** What stands above the first message. */
export function top(state, room) {
  if (state === 'beginning') return `This is the beginning of #${room}`;
  return state === 'kept' ? 'What is older is no longer kept' : 'What is older no longer fits into this page';
}
export const leaveUnsent = (room) => `Not everything you wrote in ${room} has been sent. Leave and discard it?`;
export const noRooms = 'The list of rooms could not be read.';
export const badNick = 'A name is 1 to 32 letters, digits, _ or -, without spaces.';
export const badRoom = 'A room is up to 64 of a-z, 0-9, . _ and -, and begins with a letter or digit.';
export const lost = `The address leads to no room. ${badRoom}`;
export const noOlder = 'There is nothing older.';
export const notConnected = 'That needs the connection. You are offline for now.';
export const renameLater = (nick) => `You will be called ${nick} as soon as you are connected.`;

/** What is left of a limit; below 0 it is too long. */
export function room({ unit, left }) {
  const n = Math.abs(left);
  const amount = `${number.format(n)} ${n === 1 ? unit.slice(0, -1) : unit}`;
  return left < 0 ? `${amount} too long` : `${amount} left`;
}
export const suggestions = (n) => `${n === 1 ? '1 suggestion' : `${n} suggestions`}, Tab takes ${n === 1 ? 'it' : 'one'}`;
export const pasted = (lines) => `${number.format(lines)} lines pasted`;
export const asOne = 'Send as one message';
export const asSeveral = (n) => `Send as ${number.format(n)} messages`;
export const secretLine = 'One of the lines begins a command that is for nobody to read. Nothing was sent.';
export const justEdit = 'Edit first';
export const pastedNews = (lines) => `${pasted(lines)}. Enter sends them as one message, Shift Tab leads to other ways.`;

export const title = (place, waiting) => `${waiting ? `(${waiting > 99 ? '99+' : waiting}) ` : ''}${place ? `${place} · ` : ''}chatbridge`;
/** [title, body] of a notification. */
export function alert({ nick, text, action }, count, room) {
  const where = room ? `${nick} in #${room}` : nick;
  return [count > 1 ? `${where}, ${number.format(count)} messages` : where, action ? `${nick} ${text}` : text];
}
export const alertsOn = 'You will be told here of mentions and direct messages.';
export function alertsWhy(state) {
  switch (state) {
    case 'insecure': return 'Browsers show them only for pages that come over https or from this very machine.';
    case 'denied': return 'This browser does not allow it for this page. Its settings for the page, beside the address, can.';
    case 'unsupported': return 'This browser does not show them for pages.';
    default: return 'While this page is hidden or shows something else.';
  }
}
export const mute = (place) => `Mute ${place}`;
export const unmute = (place) => `Unmute ${place}`;
export const unreadOf = (mentions) => ` unread${mentions ? `, ${mentions === 1 ? '1 mention' : `${number.format(mentions)} mentions`}` : ''}`;
export const found = (n) => (n ? people(n) : 'Nobody of that name');

function names(list, most) {
  const few = list.length > most;
  const shown = few ? list.slice(0, 2) : list.slice(0, -1);
  const last = few ? `${number.format(list.length - 2)} others` : { nick: list.at(-1) };
  return [...shown.flatMap((nick, i) => (i ? [', ', { nick }] : [{ nick }])), ...(shown.length ? [' and '] : []), last];
}

export const welcome = (room) => `Come in to ${room}`;
export const plainHttp = 'This page came over plain http, which anybody on the way can read. Browsers keep some things from such pages, like desktop notifications; the rest works.';
/** What becomes of what is written while there is no connection. */
export function kept(state) {
  if (state.name === 'waiting') return 'What you write is kept here, and sent once when the connection is back.';
  if (state.name === 'offline') return 'What you write is kept here until you connect.';
  return '';
}

export const or = 'or';
export const keys = {
  list: 'This list',
  goTo: 'Go to a room or person',
  before: 'The room before',
  after: 'The next room',
  unreadBefore: 'The unread one before',
  unreadAfter: 'The next unread one',
  pageUp: 'Scroll up, while writing too',
  pageDown: 'Scroll down, while writing too',
  escape: 'Close, or go to the newest message',
  send: 'Send',
  line: 'Begin another line',
  complete: 'Complete a name, room or command; Escape takes it back, and then Tab leads on',
  recall: 'What was written before, from the first line; what came after, from the last',
};

/** Beside a place one may go to. */
export function switcher({ kind, unread, here, fresh }) {
  if (fresh) return 'new room';
  if (unread) return `${number.format(unread)} unread`;
  if (kind === 'person') return here ? '' : 'write alone';
  return here ? '' : 'join';
}

export const copy = 'Copy';
export const copied = 'Copied';
export const copyYourself = (secure) => `The browser lets this page copy nothing${secure ? '' : ', as it came over plain http'}. It is selected: copy it with Ctrl+C or by hand.`;
export const invite = {
  title: (room) => `Invite to ${room}`,
  asking: 'Asking the server where it listens …',
  unknown: 'The server could not be asked where it listens. Open this again when you are connected.',
  link: 'A browser',
  udp: 'UDP, with netcat',
  names: 'Everybody is a guest at first; /nick NAME gives a name.',
  then: (enter) => `Then type ${enter}`,
  python: 'Save it as join.py and run python3 join.py.',
  cookie: 'Each line is a datagram. A server that does not know you answers with a /hello line; send that back, and the line above it again.',
  connect: 'The client that comes with the server: history, names and coming back after a lost connection.',
  ports: 'The numbers are those this server listens on. Behind a container, a proxy or a firewall they may be others.',
  oneRoom: (room) => `This server relays raw bytes, and all raw clients are in ${room}: those commands lead there.`,
  missing: {
    tcp: 'There is nothing for nc, telnet and Python here: this server takes no raw TCP at this address.',
    udp: 'There is nothing for UDP here: this server takes none at this address.',
  },
};

export const guest = 'guest';
export const you = 'you';
export const here = ' here';
export const leave = (room) => `Leave ${room}`;
export const close = (nick) => `Close ${nick}`;
export const write = (nick) => `Write to ${nick}`;
export const noPlace = 'Join a room to write';
export const alone = (nick) => `Write to ${nick} alone`;
export const wroteToYou = (nick) => `${nick} wrote to you`;
export const nobody = (nick) => `${nick} is not connected. Nothing was sent.`;
export const yourself = 'That is you.';
export const closeUnsent = (nick) => `Not everything you wrote to ${nick} has been sent. Close and discard it?`;
export const roomsOnly = 'That is for rooms, and this is between two people alone. Nothing was sent.';
/** [title, hint] for a place where nothing was said. */
export function empty({ room, person }) {
  if (person) return [`Between you and ${person.nick}`, 'Nobody else reads it, and the server keeps none of it. Your open tabs do, until they are closed.'];
  if (room) return [`Nothing has been said in ${room.name} yet.`, 'Whoever is here, over TCP, UDP or a browser, reads what you write.'];
  return ['You are in no room.', 'Go to one from the list of rooms, or write its name there to make one.'];
}
