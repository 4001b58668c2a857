// From the entries of a room or conversation and the outbox to the lines a reader sees: day lines put in, messages of one breath grouped, what is on its way last.

const ONE_BREATH = 5 * 60_000;

/**
 * Row: {key, kind: 'day', at} | {key, kind: 'message', nick, via, at, text, action, seq, id, state, code, reason, own, self, grouped, sameMinute} |
 * {key, kind: 'gap' | 'epoch' | 'presence' | 'renamed' | 'gone' | 'note', entry}.
 */
export function rows(entries, outgoing, self) {
  const list = [];
  let day = null;
  let before = null;

  function say(message) {
    const at = Date.parse(message.at) || 0;
    const thisDay = new Date(at).toDateString();
    if (thisDay !== day) {
      list.push({ key: `day-${message.key}`, kind: 'day', at });
      day = thisDay;
      before = null;
    }
    const grouped = before !== null && before.nick === message.nick && before.via === message.via
      && !before.action && !message.action && at - before.at < ONE_BREATH;
    const sameMinute = grouped && Math.floor(at / 60_000) === Math.floor(before.at / 60_000);
    const row = { ...message, self, kind: 'message', at, grouped, sameMinute };
    list.push(row);
    before = row;
  }

  for (const entry of entries) {
    if (entry.kind === 'message') {
      const { key, nick, via, at, text, action, seq, id, mine, own } = entry;
      say({ key, nick, via, at, text, action, seq, id, own: own ?? (mine || nick === self), state: mine ? 'sent' : undefined });
    } else {
      list.push({ key: entry.key, kind: entry.kind, entry });
      before = null;
    }
  }
  for (const item of outgoing) {
    // Acknowledged, it has a number, but not its place: that is known once everything before it has come.
    const { id, to, text, action, state, code, reason } = item;
    const at = new Date(item.at ?? 0).toISOString();
    say({ key: `out-${id}`, nick: self, via: 'ws', at, text, action, id, own: true, state, code, reason, to });
  }
  return list;
}
