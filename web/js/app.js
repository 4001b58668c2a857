// Wires the chat to the page and to the browser around it.

import { newId } from '../client.js';
import { Chat } from './chat.js';
import { Storage } from './storage.js';
import { parse } from './commands.js';
import { keyOf } from './directs.js';
import { fold, isNick, isRoom } from './names.js';
import { rows } from './rows.js';
import { $, hue, setText } from './view.js';
import { LogView } from './view-log.js';
import { DirectsView, PeopleView, RoomsView } from './view-sides.js';
import { Panels } from './view-panels.js';
import { Composer } from './view-composer.js';
import { askNick } from './view-nick.js';
import { SettingsView } from './view-settings.js';
import { InviteView } from './view-invite.js';
import { placesOf } from './switcher.js';
import { SwitcherView } from './view-switcher.js';
import { ShortcutsView } from './view-shortcuts.js';
import { bindKeys } from './bindings.js';
import { StatusView } from './view-status.js';
import { TypingView } from './view-typing.js';
import { listRooms } from './rooms.js';
import * as texts from './texts.js';

const BEAT = 20_000;

const storage = new Storage({ local: () => localStorage, session: () => sessionStorage, newId });
let others = [];
let drawing = false;

const chat = new Chat({
  client: { nick: storage.nick ?? '', storage },
  channel: new BroadcastChannel('chatbridge'),
  looking: () => document.visibilityState === 'visible',
  keep: {
    directs: storage.directs,
    saveDirects: (kept) => { storage.directs = kept; },
  },
  on: {
    change: draw,
    welcomed: (room) => { enter(room); refreshRooms(); },
    nick: (nick) => { storage.nick = nick; },
    direct: ({ nick }) => { $('news').textContent = ''; setText($('news'), texts.wroteToYou(nick)); },
    moved,
    bye: (frame) => status.notice(texts.bye(frame), () => chat.connected),
    error: refused,
  },
});
const { store, directs } = chat;
const PATIENCE = 2_000;
let first = null;  // {id, place, until}: said to somebody new, from a place that is left when they are there
const drafts = new Map();  // place -> what stood in the box there: what is meant for one must not end in another

const panels = new Panels({ opened: refreshRooms });
const status = new StatusView({ connect: () => { chat.start(); chat.wake(); } });
const log = new LogView({
  older: () => chat.history(store.current),
  retry: (id) => chat.retry(id),
  discard: (id) => chat.discard(id),
  edit(id) {
    const text = chat.discard(id)?.text;
    if (text) composer.text = composer.text ? `${composer.text}\n${text}` : text;
    composer.focus();
  },
});
const roomsView = new RoomsView({ show: goTo, join: goTo, leave });
const directsView = new DirectsView({ show: (key) => goToPerson(directs.conversations.get(key).nick), close });
const peopleView = new PeopleView({ write: (nick) => { goToPerson(nick); composer.focus(); } });
const typingView = new TypingView();
const composer = new Composer(write, (text) => chat.typed(store.current, text));

// {room} or {nick}, or nothing that could be either.
function inAddress() {
  let name = '';
  try {
    name = decodeURIComponent(location.hash.slice(1));
  } catch { /* not ours to mend */ }
  if (name.startsWith('@')) return isNick(name.slice(1)) ? { nick: name.slice(1) } : {};
  return isRoom(name.toLowerCase()) ? { room: name.toLowerCase() } : {};
}

function goTo(room, how) {
  chat.join(room);
  storage.rooms = [...store.rooms.keys()];
  show(room, `#${room}`, how);
}

function goToPerson(nick, how) {
  if (fold(nick) === fold(store.nick)) return;
  const conversation = chat.converse(nick);
  show(conversation.key, addressOf(conversation), how);
}

const currentAddress = () => (directs.conversations.has(store.current) ? addressOf(directs.conversations.get(store.current)) : `#${store.current}`);
const addressOf = ({ nick }) => `#@${encodeURIComponent(nick)}`;

// Where somebody went stands in the browser's history, so that Back leads out of a place before it leads out of the page.
function remember(address, { replace = false } = {}) {
  if (replace || address === location.hash) history.replaceState({ ours: true }, '', address);
  else history.pushState({ ours: true }, '', address);
}

function show(place, address, how) {
  if (place !== store.current) {
    drafts.set(store.current, composer.text);
    composer.text = drafts.get(place) ?? '';
  }
  chat.show(place);
  remember(address, how);
  panels.close();
  draw();
}

// Out of a place that is gone, to another one.
function goElsewhere() {
  if (store.current) return;
  const [next] = store.rooms.keys();
  if (next) return goTo(next, { replace: true });
  composer.text = '';
  remember(location.pathname, { replace: true });
}

function moved({ from, to }) {
  drafts.set(to, drafts.get(from) || drafts.get(to) || '');
  drafts.delete(from);
  if (store.current === to) remember(addressOf(directs.conversations.get(to)), { replace: true });
}

function close(key) {
  if (chat.outgoing(key).length && !confirm(texts.closeUnsent(directs.conversations.get(key).nick))) return;
  chat.close(key);
  goElsewhere();
}

function leave(room) {
  if (chat.outgoing(room).length && !confirm(texts.leaveUnsent(room))) return;
  chat.leave(room);
  storage.rooms = [...store.rooms.keys()];
  goElsewhere();
  refreshRooms();
}

// Who comes without a room goes where the server sends everyone.
function enter(room) {
  if (store.rooms.size || !room) return;
  if (!store.current) return goTo(room, { replace: true });
  chat.join(room);  // a conversation stays in sight
  storage.rooms = [room];
}

function refused(frame) {
  const { renaming } = frame;
  status.notice(texts.error(frame, { nick: store.nick, wanted: renaming ?? chat.wanted, renaming }),
    frame.code === 'rate_limited' && !renaming ? () => !chat.waiting : undefined);
  if (store.rooms.get(frame.room)?.joined === false) leave(frame.room);  // it does not let us in
}

async function refreshRooms() {
  try {
    others = await listRooms();
    draw();
  } catch { /* a list for convenience; the next look tries again */ }
}

function write(typed) {
  const command = parse(typed);
  if (!command) return true;
  status.notice(null);
  const done = act(command);
  draw();
  return done;
}

// False leaves what was typed in the box, for another try.
function act(command) {
  const room = store.current;
  const conversation = directs.conversations.get(room);
  if (conversation && (command.action || command.name === 'who' || command.name === 'history')) {
    status.notice(texts.roomsOnly);
    return false;
  }
  switch (command.name) {
    case 'say':
      if (conversation) chat.direct(conversation.nick, command.text);
      else chat.say(room, command.text, { action: command.action });
      log.follow();
      return true;
    case 'direct':
      if (fold(command.nick) === fold(store.nick)) { status.notice(texts.yourself); return false; }
      tell(command);
      return true;
    case 'join': goTo(command.room); return true;
    case 'help': chat.note(room, texts.help); break;
    case 'rooms': listRooms().then(texts.rooms, () => texts.noRooms).then((text) => chat.note(room, text)); break;
    case 'quit': chat.stop(); status.notice(texts.quit); return true;
    case 'hint': status.notice(texts.hint(command)); return false;
    case 'nick': rename(command.nick); return true;
    case 'who': chat.who(room).then((frame) => chat.note(room, texts.who(frame)), () => status.notice(texts.notConnected)); break;
    case 'history': if (!chat.history(room, command.limit)) status.notice(chat.connected ? texts.noOlder : texts.notConnected); return true;
    default: return true;
  }
  log.follow();
  return true;
}

// Somebody new is gone to when the server knows them, so that a slip of the pen begins no conversation and leads out of no room.
function tell({ nick, text }) {
  const known = directs.conversations.has(keyOf(nick));
  const id = chat.direct(nick, text);
  if (!known && chat.connected && store.current) {
    first = { id, place: store.current, until: Date.now() + PATIENCE };
    setTimeout(draw, PATIENCE);
    return;
  }
  goToPerson(nick);
  log.follow();
}

function lookAtFirst() {
  if (!first) return;
  const { id, place, until } = first;
  const item = chat.item(id);
  if (item?.state === 'pending' && chat.connected && Date.now() < until) return;
  first = null;
  const conversation = [...directs.conversations.values()].find((each) => (item ? each.key === item.room : each.entries.at(-1)?.id === id));
  if (!conversation) return;
  if (item?.code === 'no_such_nick' && chat.outgoing(item.room).length === 1 && !conversation.entries.some((entry) => entry.kind === 'message')
    && store.current !== item.room) {
    chat.forget(item.room);
    status.notice(texts.nobody(item.to));
    if (store.current === place && !composer.text) composer.text = `/msg ${item.to} ${item.text}`;
  } else if (store.current === place) {
    goToPerson(conversation.nick);
    log.follow();
  }
}

function rename(nick) {
  if (chat.rename(nick)) return;
  storage.nick = nick;
  status.notice(texts.renameLater(nick));
}

// Many frames, one drawing.
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    lookAtFirst();
    const room = store.rooms.get(store.current);
    const person = directs.conversations.get(store.current);
    const place = room ?? person ?? null;
    const title = room?.name ?? person?.nick;
    const conversations = [...directs.conversations.values()].filter((each) => each.open);
    status.render(chat.state, chat.client.latency);
    roomsView.render([...store.rooms.values()], store.current, others);
    directsView.render(conversations, store.current);
    $('unread-dot').hidden = ![...store.rooms.values(), ...conversations].some(({ unread }) => unread > 0);
    peopleView.render(room ?? both(person), store.nick);
    composer.render(room ? texts.place(room.name) : person && texts.alone(person.nick));
    typingView.render(room ? chat.typists.names(room.name) : []);
    log.render({
      place,
      rows: place ? rows(place.entries, chat.outgoing(store.current), store.nick) : [],
      older: room ? store.oldest(room.name) !== null : false,
      loading: Boolean(room?.loading || !chat.connected),
      connected: chat.connected,
      empty: texts.empty({ room, person }),
    });
    for (const { name } of store.rooms.values()) if (name !== store.current || log.atEnd) store.trim(name);
    setText($('room-title'), title ?? 'chatbridge');
    $('open-invite').hidden = !room;
    $('room-title').className = person ? `person-name hue-${hue(title)}` : room ? 'room-name' : '';
    setText($('me-nick'), store.nick || chat.wanted || 'guest');
    $('me-nick').className = `nick hue-${hue(store.nick || chat.wanted)}`;
    document.title = title ? `${title} · chatbridge` : 'chatbridge';
  });
}

// The people of a conversation. That the other one is there, and over what, is known from the rooms or from what they wrote.
function both(person) {
  if (!person) return { members: null, count: 0 };
  const members = new Map([[store.nick, { via: 'ws' }]]);
  const via = [...store.rooms.values()].map((room) => room.members?.get(person.nick)?.via).find(Boolean) ?? person.via;
  if (via && !person.gone) members.set(person.nick, { via });
  return { members, count: members.size };
}

function open() {
  $('chat').hidden = false;
  for (const room of storage.rooms.filter(isRoom)) chat.join(room);
  const { room = [...store.rooms.keys()][0], nick } = inAddress();
  if (nick) goToPerson(nick, { replace: true });
  else if (room) goTo(room, { replace: true });
  chat.start();
  draw();
  composer.focus();
}

$('join-form').onsubmit = (event) => {
  event.preventDefault();
  const box = $('join-room');
  const room = box.value.trim().replace(/^#/, '').toLowerCase();
  if (!room) return;
  if (!isRoom(room)) {
    status.notice(texts.badRoom);
    return;
  }
  box.value = '';
  goTo(room);
  composer.focus();
};
new SettingsView({ nick: () => store.nick || chat.wanted, rename: (nick) => { rename(nick); draw(); } });
new InviteView(() => store.rooms.get(store.current)?.name ?? null);
const switcher = new SwitcherView({
  places: () => placesOf(chat, others),
  go({ kind, name }) {
    if (kind === 'room') goTo(name);
    else goToPerson(name);
    composer.focus();
  },
});
const shortcuts = new ShortcutsView(bindKeys({ panels, status, log, composer, switcher, shortcuts: () => shortcuts.open() }));

addEventListener('hashchange', () => {
  const { room, nick } = inAddress();
  if ($('chat').hidden) return;
  // Back to where one has left: an address that was written by hand enters, one's own track does not.
  const left = room ? !store.rooms.has(room) : !directs.conversations.get(keyOf(nick ?? ''))?.open;
  if (history.state?.ours && left) {
    if (store.current) show(store.current, currentAddress(), { replace: true });
  } else if (nick) goToPerson(nick, { replace: true });
  else if (room) goTo(room, { replace: true });
});
addEventListener('offline', draw);
addEventListener('pageshow', () => storage.beat());
addEventListener('pagehide', () => storage.release());
// Another tab of ours has another name, and so have we; the server tells it only where few people are.
addEventListener('storage', () => {
  const { nick } = storage;
  if (!nick || nick === chat.wanted) return;
  if (chat.state.name === 'offline') chat.wanted = nick;
  else chat.rename(nick);
});
setInterval(() => { storage.beat(); chat.adopt(storage.takeOver()); draw(); }, BEAT);

if (storage.nick === null) askNick(inAddress().room, (nick) => { storage.nick = nick; chat.wanted = nick; open(); });
else open();
