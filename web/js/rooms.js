// The rooms of the server, whether one is in them or not.

/** [{room, count}], the fullest first. */
export async function listRooms() {
  const answer = await fetch('/api/rooms', { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`/api/rooms: ${answer.status}`);
  const { rooms } = await answer.json();
  return rooms.filter(({ room }) => typeof room === 'string').sort((a, b) => b.count - a.count || a.room.localeCompare(b.room));
}
