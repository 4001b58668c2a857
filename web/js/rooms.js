// The rooms of the server, whether one is in them or not.

const AGAIN = 60_000;

/** [{room, count}], the fullest first. */
export async function listRooms() {
  const answer = await fetch('/api/rooms', { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`/api/rooms: ${answer.status}`);
  const { rooms } = await answer.json();
  return rooms.filter(({ room }) => typeof room === 'string').sort((a, b) => b.count - a.count || a.room.localeCompare(b.room));
}

/** What stands beside the rooms one is in, and may be a little old. */
export class Elsewhere {
  list = [];
  #on;

  /** on: {changed(), wanted(): whether to ask by oneself while somebody looks} */
  constructor(on) {
    this.#on = on;
    const look = () => { if (document.visibilityState === 'visible' && on.wanted()) this.refresh(); };
    setInterval(look, AGAIN);
    document.addEventListener('visibilitychange', look);
  }

  async refresh() {
    try {
      this.list = await listRooms();
      this.#on.changed();
    } catch { /* a list for convenience; the next look tries again */ }
  }
}
