// From the entries of a room or conversation and the outbox to the lines a reader sees: day lines put in, messages of one breath grouped, what is
// on its way last. Made for any part of them: what a row looks like is known from what stands right above it.

const ONE_BREATH = 5 * 60_000;

/**
 * Of a place's items (its entries and, after them, what is on its way) those at [from, to) as rows; more than one of an item has its `item` in
 * common. `top`: {index, state} of store.js; `line`: what is above it was unread, {epoch, seq} or {key} of the first.
 *
 * Row: {key, item, kind: 'top', state} | {key, item, kind: 'day', at} | {key, item, kind: 'new'} |
 * {key, item, kind: 'message', nick, via, at, text, action, seq, id, state, code, reason, own, self, grouped, sameMinute} |
 * {key, item, kind: 'gap' | 'epoch' | 'presence' | 'renamed' | 'gone' | 'note', entry}.
 */
export function rows({ entries, outgoing = [], self, top = null, line = null }, from = 0, to = entries.length + outgoing.length) {
  const list = [];
  const said = lastMessage(entries, from);
  const state = { list, self, day: said && dayOf(said), before: from > 0 && said === entries[from - 1] ? spoken(said, self) : null };
  for (let i = from; i < to; i += 1) {
    const item = entries[i] ?? outgoing[i - entries.length];
    if (top?.state && i === top.index) {
      list.push({ key: 'top', item, kind: 'top', state: top.state });
      state.before = null;
    }
    const message = i < entries.length ? spoken(item, self) : onItsWay(item, self);
    if (!message) {
      list.push({ key: item.key, item, kind: item.kind, entry: item });
      state.before = null;
    } else say(state, message, line && i < entries.length && isFirstNew(line, item, entries, i));
  }
  return list;
}

function say(state, message, isNew) {
  const { list, self, before } = state;
  const { item, at } = message;
  const day = dayOf(item);
  if (day !== state.day) list.push({ key: `day-${message.key}`, item, kind: 'day', at });
  if (isNew) list.push({ key: 'new', item, kind: 'new' });
  const grouped = before !== null && !isNew && day === state.day && before.nick === message.nick && before.via === message.via
    && !before.action && !message.action && at - before.at < ONE_BREATH;
  const sameMinute = grouped && Math.floor(at / 60_000) === Math.floor(before.at / 60_000);
  list.push({ ...message, self, kind: 'message', grouped, sameMinute });
  Object.assign(state, { day, before: message });
}

function spoken(entry, self) {
  if (entry.kind !== 'message') return null;
  const { key, nick, via, text, action, seq, id, mine, own } = entry;
  return { key, item: entry, nick, via, at: timeOf(entry), text, action, seq, id, own: own ?? (mine || nick === self), state: mine ? 'sent' : undefined };
}

// Acknowledged, it has a number, but not its place: that is known once everything before it has come.
function onItsWay(item, self) {
  const { id, to, text, action, state, code, reason } = item;
  return { key: `out-${id}`, item, nick: self, via: 'ws', at: timeOf(item), text, action, id, own: true, state, code, reason, to };
}

const timeOf = ({ at }) => (typeof at === 'number' ? at : Date.parse(at) || 0);
const dayOf = (item) => new Date(timeOf(item)).toDateString();

function lastMessage(entries, from) {
  for (let i = Math.min(from, entries.length) - 1; i >= 0; i -= 1) if (entries[i].kind === 'message') return entries[i];
  return null;
}

/** Where the first entry above the line stands, or -1. */
export function firstNew(entries, line) {
  if (line.key !== undefined) return entries.findLastIndex((entry) => entry.key === line.key);
  let first = -1;
  for (let i = entries.length - 1; i >= 0; i -= 1) {
    const { kind, epoch, seq } = entries[i];
    if (kind !== 'message') continue;
    if (epoch === line.epoch && seq > line.seq) first = i;
    else if (epoch === line.epoch || first >= 0) break;  // those of a later numbering are new, too, and below it
  }
  return first;
}

function isFirstNew(line, entry, entries, index) {
  if (line.key !== undefined) return entry.key === line.key;
  if (entry.epoch !== line.epoch || entry.seq <= line.seq) return false;
  const before = lastMessage(entries, index);
  return before === null || before.epoch !== line.epoch || before.seq <= line.seq;
}
