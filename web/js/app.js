// Wires the chat to the page and to the browser around it.

import { newId } from '../client.js';
import { inAddress, personAddress, remember, roomAddress } from './address.js';
import { Chat } from './chat.js';
import { Storage, channel, guarded } from './storage.js';
import { nicksOf } from './completion.js';
import { Drafts } from './drafts.js';
import { FirstWords } from './first.js';
import { parse, secrecy, typed as asTyped } from './commands.js';
import { keyOf } from './directs.js';
import { fold, isRoom } from './names.js';
import { $, element, hue, setText } from './view.js';
import { News } from './news.js';
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
import { Elsewhere, listRooms } from './rooms.js';
import { Alerting } from './alerting.js';
import * as texts from './texts.js';

const BEAT = 20_000;
const PAGE = 200;  // older messages at once; the server's answer may hold fewer

const storage = new Storage({ local: () => localStorage, session: () => sessionStorage, newId });
let drawing = false;

const chat = new Chat({
  client: { nick: storage.nick ?? '', storage },
  channel: channel('chatbridge'),
  keep: {
    directs: storage.directs,
    saveDirects: (kept) => { storage.directs = kept; },
    readTo: (room) => storage.read[room],
    saveRead: (marks) => storage.saveRead(marks),
  },
  on: {
    change: () => { alerting.look(); draw(); },
    welcomed: (room) => { enter(room); elsewhere.refresh(); },
    nick: (nick) => { storage.nick = nick; },
    direct: ({ nick }) => readAloud(texts.wroteToYou(nick)),
    moved,
    bye: (frame) => status.notice(texts.bye(frame), () => chat.connected),
    error: refused,
  },
});
const { store, directs } = chat;
let touched = false;
const unkept = new Set();  // rooms that are not written down yet
let led = null;    // the room that an address led to before somebody touched the page

const elsewhere = new Elsewhere({ changed: draw, wanted: () => chat.connected });
const panels = new Panels({ opened: () => elsewhere.refresh() });
const status = new StatusView({ connect: () => { chat.start(); chat.wake(); } });
const log = new LogView(shown, {
  older: () => chat.history(store.current, PAGE),
  retry: (id) => chat.retry(id),
  discard: (id) => chat.discard(id),
  edit(id) {
    const item = chat.discard(id);
    const text = item && asTyped(item);
    if (text) composer.text = composer.text ? `${composer.text}\n${text}` : text;
    composer.focus();
  },
});
const news = new News({ say: (messages) => readAloud(texts.news(messages)) });
const roomsView = new RoomsView({ show: goTo, join: goTo, leave });
const directsView = new DirectsView({ show: (key) => goToPerson(directs.conversations.get(key).nick), close });
const peopleView = new PeopleView({
  write: (nick) => { goToPerson(nick); composer.focus(); },
  filter: draw,
  who: (room, prefix, limit) => chat.client.who(room, { prefix, limit }),
});
const typingView = new TypingView();
const first = new FirstWords(chat, {
  go: (nick) => { goToPerson(nick); log.follow(); },
  nobody({ to, text }, place) {
    status.notice(texts.nobody(to));
    if (store.current === place && !composer.text) composer.text = `/msg ${to} ${text}`;
  },
  again: draw,
});
const alerting = new Alerting(chat, { go: goToKey, changed: draw });
const composer = new Composer({
  send: write,
  several: writeSeveral,
  typed: (text) => chat.typed(store.current, text),
  limits: () => chat.client.limits,
  sources: () => ({
    commands: texts.commands,
    get rooms() { return [...new Set([...store.rooms.keys(), ...elsewhere.list.map(({ room }) => room)])]; },
    get nicks() { return nicksOf(store.rooms.get(store.current) ?? directs.conversations.get(store.current) ?? { entries: [] }, store.nick); },
  }),
}, new Drafts({ local: guarded(() => localStorage), session: guarded(() => sessionStorage) }));

function join(room) {
  if (!store.rooms.has(room)) unkept.add(room);
  chat.join(room);
  keepRooms();
}

// Other tabs of ours have rooms of their own, and may have left one that this tab is in.
function keepRooms() {
  if (!touched || !unkept.size) return;
  storage.rooms = [...new Set([...storage.rooms, ...unkept])];
  unkept.clear();
}

// An address may be another site's, again and again: until somebody touches this page, it leads to one new room at a time, and not for good.
function follow(room) {
  const before = touched || store.rooms.has(room) ? null : led;
  if (!touched && !store.rooms.has(room)) led = room;
  goTo(room, { replace: true });
  if (before) leave(before);
}

function goTo(room, how) {
  join(room);
  show(room, roomAddress(room), how);
}

function goToPerson(nick, how) {
  if (fold(nick) === fold(store.nick)) return;
  const conversation = chat.converse(nick);
  show(conversation.key, personAddress(conversation), how);
}

// A room, or a conversation that is still there.
function goToKey(key) {
  const conversation = directs.conversations.get(key);
  if (conversation) goToPerson(conversation.nick);
  else if (store.rooms.has(key)) goTo(key);
}

const currentAddress = () => (directs.conversations.has(store.current) ? personAddress(directs.conversations.get(store.current)) : roomAddress(store.current));

function show(place, address, how) {
  composer.enter(place);
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
  composer.enter(null);
  remember(location.pathname, { replace: true });
}

function moved({ from, to }) {
  composer.move(from, to);
  alerting.move(from, to);
  if (store.current === to) remember(personAddress(directs.conversations.get(to)), { replace: true });
}

function close(key) {
  if (chat.outgoing(key).length && !confirm(texts.closeUnsent(directs.conversations.get(key).nick))) return;
  chat.close(key);
  goElsewhere();
}

function leave(room) {
  if (chat.outgoing(room).length && !confirm(texts.leaveUnsent(room))) return;
  chat.leave(room);
  unkept.delete(room);
  storage.rooms = storage.rooms.filter((each) => each !== room);
  goElsewhere();
  elsewhere.refresh();
}

// Who comes without a room goes where the server sends everyone.
function enter(room) {
  if (store.rooms.size || !room) return;
  if (!store.current) return goTo(room, { replace: true });
  join(room);  // a conversation stays in sight
}

function refused(frame) {
  const { renaming } = frame;
  status.notice(texts.error(frame, { nick: store.nick, wanted: renaming ?? chat.wanted, renaming }),
    frame.code === 'rate_limited' && !renaming ? () => !chat.waiting : undefined);
  if (renaming) storage.nick = chat.wanted;  // or the other tabs would go on asking for it
  // It does not let us in. What was written there is kept in sight, with the reason.
  if (store.rooms.get(frame.room)?.joined === false && !chat.outgoing(frame.room).length) leave(frame.room);
}

function write(typed) {
  const command = parse(typed);
  if (!command) return true;
  status.notice(null);
  const done = act(command);
  draw();
  return done;
}

// Each as it stands: a line that was pasted is no command.
function writeSeveral(pieces) {
  if (pieces.some(secrecy)) {
    status.notice(texts.secretLine);
    return false;
  }
  const conversation = directs.conversations.get(store.current);
  for (const text of pieces) {
    if (conversation) chat.direct(conversation.nick, text);
    else chat.say(store.current, text);
  }
  log.follow();
  draw();
  return true;
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
      first.say(command.nick, command.text);
      return true;
    case 'join': goTo(command.room); return true;
    case 'help': chat.note(room, texts.help); break;
    case 'rooms': listRooms().then(texts.rooms, () => texts.noRooms).then((text) => chat.note(room, text)); break;
    case 'quit': chat.stop(); return true;
    case 'hint': status.notice(texts.hint(command)); return false;
    case 'nick': rename(command.nick); return true;
    case 'who': chat.who(room).then((frame) => chat.note(room, texts.who(frame)), () => status.notice(texts.notConnected)); break;
    case 'history':
      if (!store.rooms.get(room)?.loading && !chat.history(room, command.limit)) status.notice(chat.connected ? texts.noOlder : texts.notConnected);
      return true;
    default: return true;
  }
  log.follow();
  return true;
}

function rename(nick) {
  if (chat.rename(nick)) return;
  storage.nick = nick;
  status.notice(texts.renameLater(nick));
}

// Another element each time, as the same words again would be no news.
function readAloud(text) { $('news').replaceChildren(element('span', '', {}, text)); }

// What the log shows now.
function shown() {
  const room = store.rooms.get(store.current);
  const person = directs.conversations.get(store.current);
  const place = room ?? person ?? null;
  return {
    place,
    entries: place?.entries ?? [],
    outgoing: place ? chat.outgoing(store.current) : [],
    self: store.nick,
    top: room ? store.top(room.name) : null,
    line: place?.line ?? null,
    connected: chat.connected,
    empty: texts.empty({ room, person }),
  };
}

// Many frames, one drawing.
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    first.look();
    const room = store.rooms.get(store.current);
    const person = directs.conversations.get(store.current);
    const name = room?.name ?? person?.nick;
    const conversations = [...directs.conversations.values()].filter((each) => each.open);
    status.render(chat.state, chat.client.latency);
    roomsView.render([...store.rooms.values()], store.current, elsewhere.list, alerting.isMuted);
    directsView.render(conversations, store.current, alerting.isMuted);
    $('unread-dot').hidden = ![...store.rooms.values(), ...conversations].some(({ unread }) => unread > 0);
    peopleView.render(room ?? both(person), store.nick, store.current);
    composer.render(room ? texts.write(room.name) : person && texts.alone(person.nick));
    typingView.render(room ? chat.typists.names(room.name) : []);
    log.render();
    news.look(shown());
    for (const { name } of store.rooms.values()) if (name !== store.current || log.atEnd) store.trim(name);
    setText($('room-title'), name ?? 'chatbridge');
    $('open-invite').hidden = !room;
    $('room-title').className = person ? `person-name hue-${hue(name)}` : room ? 'room-name' : '';
    setText($('me-nick'), store.nick || chat.wanted || texts.guest);
    $('me-nick').className = `nick hue-${hue(store.nick || chat.wanted)}`;
    alerting.render(name);
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
  const { room = [...store.rooms.keys()][0], nick, lost } = inAddress();
  if (nick) goToPerson(nick, { replace: true });
  else if (room) follow(room);
  if (lost) status.notice(texts.lost);
  chat.start();
  alerting.attend();
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
  places: () => placesOf(chat, elsewhere.list),
  go({ kind, name }) {
    if (kind === 'room') goTo(name);
    else goToPerson(name);
    composer.focus();
  },
});
const shortcuts = new ShortcutsView(bindKeys({ panels, status, log, composer, switcher, shortcuts: () => shortcuts.open() }));

addEventListener('hashchange', () => {
  const { room, nick, lost } = inAddress();
  if ($('chat').hidden) return;
  // Back to where one has left: an address that was written by hand enters, one's own track does not.
  const left = room ? !store.rooms.has(room) : !directs.conversations.get(keyOf(nick ?? ''))?.open;
  if (history.state?.ours && left) {
    if (store.current) show(store.current, currentAddress(), { replace: true });
  } else if (nick) goToPerson(nick, { replace: true });
  else if (room) follow(room);
  else if (lost) status.notice(texts.lost);
});
for (const touch of ['pointerdown', 'keydown']) {
  addEventListener(touch, () => {
    if (touched) return;
    touched = true;
    keepRooms();
  }, { capture: true });
}
addEventListener('offline', draw);
addEventListener('pageshow', () => storage.beat());
addEventListener('pagehide', () => { chat.save(); storage.release(); });
// Another tab of ours has another name, and so have we; the server tells it only where few people are.
addEventListener('storage', ({ key, newValue }) => {
  composer.heard(key, newValue);
  const { nick } = storage;
  if (key !== storage.nickKey || !nick || nick === chat.wanted) return;
  if (chat.state.name === 'offline') chat.wanted = nick;
  else chat.rename(nick);
});
setInterval(() => { storage.beat(); chat.save(); chat.adopt(storage.takeOver()); draw(); }, BEAT);

if (storage.nick === null) askNick(inAddress().room, (nick) => { storage.nick = nick; chat.wanted = nick; open(); });
else open();
