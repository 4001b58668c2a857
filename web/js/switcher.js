// Which places fit what was typed, the likeliest first. Free of the page.

import { fold, isPerson, isRoom } from './names.js';

const MOST = 12;

/** Where one may go: rooms and conversations one has, the server's other rooms ([{room}]), and who is in this room. */
export function placesOf({ store, directs }, others) {
  const rooms = [...store.rooms.values()].map(({ name, unread }) => ({ kind: 'room', name, unread, here: true }));
  const people = [...directs.conversations.values()].filter((each) => each.open).map(({ nick, unread }) => ({ kind: 'person', name: nick, unread, here: true }));
  const known = new Set([store.nick, ...people.map(({ name }) => name)].map(fold));
  const members = [...store.rooms.get(store.current)?.members?.keys() ?? []].filter((nick) => isPerson(nick) && !known.has(fold(nick)));
  const away = (kind, name) => ({ kind, name, unread: 0, here: false });
  return [...rooms, ...people,
    ...others.filter(({ room }) => !store.rooms.has(room)).map(({ room }) => away('room', room)),
    ...members.map((name) => away('person', name))];
}

/**
 * places: [{kind: 'room' | 'person', name, unread, here}], `here`: one is in it already.
 * The same, and last a room of that name when there is none; that one is `fresh`.
 */
export function matches(places, typed) {
  const wanted = fold(typed.trim().replace(/^[#@]/, ''));
  const kind = { '#': 'room', '@': 'person' }[typed.trim()[0]];
  const found = places
    .filter((place) => (!kind || place.kind === kind) && fold(place.name).includes(wanted))
    .map((place, index) => ({ place, index, rank: rank(place, wanted) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .slice(0, MOST)
    .map(({ place }) => place);
  const fresh = kind !== 'person' && isRoom(wanted) && !places.some(({ kind: one, name }) => one === 'room' && name === wanted);
  return fresh ? [...found, { kind: 'room', name: wanted, unread: 0, here: false, fresh: true }] : found;
}

// Unread goes before read, what begins so before what only has it in it, where one is before what is elsewhere.
function rank({ name, unread, here }, wanted) {
  return (wanted && !fold(name).startsWith(wanted) ? 4 : 0) + (here ? 0 : 2) + (unread ? 0 : 1);
}
