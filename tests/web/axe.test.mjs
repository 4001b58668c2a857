// axe-core looks at every state of the page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { everyState } from './states.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = { wide: [1440, 900], phone: [360, 740] };

async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
}

for (const theme of ['light', 'dark']) {
  for (const [name, size] of Object.entries(SIZES)) {
    test(`axe finds nothing in any state, ${theme}, ${name}`, async (t) => {
      for (const [state, found] of await everyState(t, { theme, size }, axe)) assert.deepEqual(found, [], state);
    });
  }
}
