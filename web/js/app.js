// Wires the chat to the page and to the browser around it.

import { Chat } from './chat.js';
import { Storage } from './storage.js';
import { newId } from './outbox.js';
import { isRoom, parse } from './commands.js';
import { rows } from './rows.js';
import { $, hue, setText } from './view.js';
import { LogView } from './view-log.js';
import { PeopleView, RoomsView } from './view-sides.js';
import { Panels } from './view-panels.js';
import { Composer } from './view-composer.js';
import { askNick, offerNick } from './view-nick.js';
import { StatusView } from './view-status.js';
import { listRooms } from './rooms.js';
import * as texts from './texts.js';

const BEAT = 20_000;

const storage = new Storage({ local: () => localStorage, session: () => sessionStorage, newId });
const secure = location.protocol === 'https:';
let others = [];
let drawing = false;

const chat = new Chat({
  url: `${secure ? 'wss' : 'ws'}://${location.host}/ws`,
  keep: {
    session: storage.session,
    nick: storage.nick,
    items: storage.items,
    saveSession: (id) => storage.saveSession(id),
    saveItems: (items) => storage.saveItems(items),
  },
  on: {
    change: draw,
    welcomed: (room) => { enter(room); refreshRooms(); },
    nick: (nick) => { chat.wanted = nick; storage.nick = nick; },
    members: (frame) => chat.store.note(frame.room, texts.who(frame)),
    error: refused,
  },
});
const { store, outbox } = chat;

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
const peopleView = new PeopleView();
const composer = new Composer(write);

function roomInAddress() {
  let room = '';
  try {
    room = decodeURIComponent(location.hash.slice(1)).toLowerCase();
  } catch { /* not ours to mend */ }
  return isRoom(room) ? room : null;
}

function goTo(room) {
  chat.join(room);
  store.show(room);
  storage.rooms = [...store.rooms.keys()];
  history.replaceState(null, '', `#${room}`);
  panels.close();
  draw();
}

function leave(room) {
  if (outbox.items(room).length && !confirm(texts.leaveUnsent(room))) return;
  chat.leave(room);
  storage.rooms = [...store.rooms.keys()];
  if (store.current) return;
  const [next] = store.rooms.keys();
  if (next) goTo(next);
  else history.replaceState(null, '', location.pathname);
  refreshRooms();
}

// Who comes without a room goes where the server sends everyone.
function enter(room) {
  if (!store.rooms.size && room) goTo(room);
}

function refused(frame) {
  status.notice(texts.error(frame, { nick: store.nick, wanted: chat.wanted }));
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
  switch (command.name) {
    case 'say': chat.say(room, command.text, { action: command.action }); log.follow(); return true;
    case 'join': goTo(command.room); return true;
    case 'help': store.note(room, texts.help); break;
    case 'rooms': listRooms().then(texts.rooms, () => texts.noRooms).then((text) => { store.note(room, text); draw(); }); break;
    case 'quit': chat.stop(); status.notice(texts.quit); return true;
    case 'hint': status.notice(texts.hint(command)); return false;
    case 'nick': rename(command.nick); return true;
    case 'who': if (!chat.who(room)) status.notice(texts.notConnected); break;
    case 'history': if (!chat.history(room, command.limit)) status.notice(chat.connected ? texts.noOlder : texts.notConnected); return true;
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

// Many frames, one drawing.
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const room = store.rooms.get(store.current) ?? null;
    status.render(chat.connection.state);
    roomsView.render([...store.rooms.values()], store.current, others);
    peopleView.render(room, store.nick);
    composer.render(room?.name);
    log.render({
      room,
      rows: room ? rows(room.entries, outbox.items(room.name), store.nick) : [],
      older: room ? store.oldest(room.name) !== null : false,
      loading: Boolean(room?.loading || !chat.connected),
      connected: chat.connected,
    });
    for (const { name } of store.rooms.values()) if (name !== store.current || log.atEnd) store.trim(name);
    setText($('room-title'), room?.name ?? 'chatbridge');
    setText($('me-nick'), store.nick || chat.wanted || 'guest');
    $('me-nick').className = `nick hue-${hue(store.nick || chat.wanted)}`;
    document.title = room ? `${room.name} · chatbridge` : 'chatbridge';
  });
}

function open() {
  $('chat').hidden = false;
  for (const room of storage.rooms.filter(isRoom)) chat.join(room);
  const room = roomInAddress() ?? [...store.rooms.keys()][0];
  if (room) goTo(room);
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
offerNick(() => store.nick || chat.wanted, (nick) => { rename(nick); draw(); });

addEventListener('hashchange', () => { const room = roomInAddress(); if (room && !$('chat').hidden) goTo(room); });
addEventListener('online', () => chat.wake());
addEventListener('offline', () => { chat.wake(); draw(); });
addEventListener('pageshow', (event) => { storage.beat(); if (event.persisted) chat.wake(); });
addEventListener('pagehide', () => storage.release());
document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') chat.wake(); });
setInterval(() => { storage.beat(); outbox.adopt(storage.takeOver()); draw(); }, BEAT);

if (storage.nick === null) askNick(roomInAddress(), (nick) => { storage.nick = nick; chat.wanted = nick; open(); });
else open();
