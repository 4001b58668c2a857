import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recall } from '../../web/js/recall.js';

test('up goes to older texts, down comes back to what stood in the box', () => {
  const recall = new Recall();
  for (const text of ['one', 'two']) recall.wrote('lobby', text);
  assert.equal(recall.step('lobby', -1, 'draft'), 'two');
  assert.equal(recall.step('lobby', -1, 'two'), 'one');
  assert.equal(recall.step('lobby', -1, 'one'), null);
  assert.equal(recall.step('lobby', 1, 'one'), 'two');
  assert.equal(recall.step('lobby', 1, 'two'), 'draft');
  assert.equal(recall.step('lobby', 1, 'draft'), null);
});

test('what was changed on the way is kept until something is sent', () => {
  const recall = new Recall();
  for (const text of ['one', 'two']) recall.wrote('lobby', text);
  recall.step('lobby', -1, 'draft');
  recall.step('lobby', -1, 'two, changed');
  assert.equal(recall.step('lobby', 1, 'one'), 'two, changed');
  assert.equal(recall.wrote('lobby', 'two, sent again'), 'draft', 'and the draft comes back');
  assert.equal(recall.step('lobby', -1, 'draft'), 'two, sent again');
  assert.equal(recall.step('lobby', -1, 'two, sent again'), 'two', 'as it was said');
});

test('every place has its own', () => {
  const recall = new Recall();
  recall.wrote('lobby', 'here');
  assert.equal(recall.step('dev', -1, ''), null);
  recall.wrote('@ann', 'psst');
  recall.move('@ann', '@anne');
  assert.equal(recall.step('@anne', -1, ''), 'psst');
});

test('the same twice in a row is one, nothing is nothing, and there is an end to it', () => {
  const recall = new Recall();
  for (const text of ['a', 'a', '  ', 'x'.repeat(20_001)]) recall.wrote('lobby', text);
  assert.equal(recall.step('lobby', -1, ''), 'a');
  assert.equal(recall.step('lobby', -1, 'a'), null);
  for (let i = 0; i < 60; i += 1) recall.wrote('dev', `text ${i}`);
  let oldest;
  for (let text = recall.step('dev', -1, ''); text !== null; text = recall.step('dev', -1, text)) oldest = text;
  assert.equal(oldest, 'text 10');
  for (let i = 0; i < 50; i += 1) recall.wrote(`room${i}`, 'x');
  assert.equal(recall.step('dev', -1, ''), null, 'the place that rested longest is forgotten');
});
