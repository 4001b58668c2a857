// Who came, went and got another name while nobody spoke, folded into one entry of what they add up to: {kind: 'presence', people: [{was, is}]}.
// was, is: their name before and now, null while they are not there.

const MOST = 100;  // people in one entry: then another begins

export const comings = () => ({ kind: 'presence', people: [] });
export const isFull = ({ people }) => people.length >= MOST;

export function joined({ people }, nick) {
  const at = people.findIndex((person) => person.is === null && person.name === nick);
  if (at < 0) people.push({ was: null, is: nick, name: nick });
  else if (people[at].was === nick) people.splice(at, 1);  // back again: nothing has changed
  else people[at].is = nick;
}

export function left({ people }, nick) {
  const person = people.find(({ is }) => is === nick);
  if (person) Object.assign(person, { is: null, name: nick });
  else people.push({ was: nick, is: null, name: nick });
}

export function renamed({ people }, old, nick) {
  const at = people.findIndex(({ is }) => is === old);
  if (at < 0) people.push({ was: old, is: nick, name: nick });
  else if (people[at].was === nick) people.splice(at, 1);
  else Object.assign(people[at], { is: nick, name: nick });
}

/** {joined, left, passed, renamed: [{old, nick}]}: what it adds up to. passed: came, and went again. */
export function sum({ people }) {
  const named = (list) => list.map(({ name }) => name);
  return {
    joined: named(people.filter(({ was, is }) => was === null && is !== null)),
    left: people.filter(({ was, is }) => was !== null && is === null).map(({ was }) => was),
    passed: named(people.filter(({ was, is }) => was === null && is === null)),
    renamed: people.filter(({ was, is }) => was !== null && is !== null).map(({ was, is }) => ({ old: was, nick: is })),
  };
}
