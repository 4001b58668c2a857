import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeopleSearch } from '../../web/js/search.js';
import { FakeClock } from './fakes.mjs';

function setup(answer = async (room, prefix) => ({ members: [{ nick: `${prefix}x`, via: 'tcp' }] })) {
  const clock = new FakeClock();
  const asked = [];
  let heard;
  const search = new PeopleSearch((...question) => { asked.push(question.slice(0, 2)); return answer(...question); }, () => heard(), clock);
  return { clock, asked, search, news: () => new Promise((resolve) => { heard = resolve; }) };
}

test('the server is asked a moment after the last key, in small letters and with a capital', async () => {
  const { search, clock, asked, news } = setup();
  assert.equal(search.find('lobby', 'łU'), null);
  clock.advance(200);
  search.find('lobby', 'łUk');
  clock.advance(200);
  assert.deepEqual(asked, []);
  const answered = news();
  clock.advance(100);
  assert.deepEqual(asked, [['lobby', 'łUk'], ['lobby', 'łuk'], ['lobby', 'Łuk']]);
  await answered;
  assert.deepEqual([...search.find('lobby', 'łUk').keys()], ['łUkx', 'łukx', 'Łukx']);
  assert.equal(search.find('lobby', ''), null, 'nothing is searched');
  assert.equal(search.find('dev', 'łUk'), null, 'another room');
});

test('an answer that comes too late, or none, does no harm', async () => {
  let answer;
  const late = new Promise((resolve) => { answer = resolve; });
  const { search, clock, news } = setup((room, prefix) => (/a/i.test(prefix) ? late : Promise.reject(new Error('offline'))));
  search.find('lobby', 'a');
  clock.advance(300);
  search.find('lobby', 'b');
  const answered = news();
  clock.advance(300);
  answer({ members: [{ nick: 'ann', via: 'ws' }] });
  await answered;
  assert.deepEqual([...search.find('lobby', 'b').keys()], []);
});
