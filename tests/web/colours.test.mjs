// Names are read in their colours, in both themes, on whatever they stand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hue } from '../../web/js/view.js';
import { contrast, fromHex, fromOklch } from '../support/colour.mjs';

const AA = 4.5;
const css = readFileSync(new URL('../../web/style.css', import.meta.url), 'utf8');
const DARK = css.indexOf('prefers-color-scheme: dark');

// [in the light theme, in the dark one]
function themed(name) {
  const pair = new RegExp(`--${name}: light-dark\\((.+), (.+)\\);`).exec(css);
  if (pair) return pair.slice(1);
  const one = new RegExp(`--${name}: ([^;]+);`);
  const light = one.exec(css)?.[1];
  return [light, one.exec(css.slice(DARK))?.[1] ?? light];
}

function nickColours(theme, h) {
  const pair = /\.nick \{[^}]*light-dark\(oklch\(([\d.]+)% ([\d.]+)[^)]*\)+, oklch\(([\d.]+)% ([\d.]+)/.exec(css)?.slice(1);
  const [lightness, chroma] = pair ? pair.slice(theme * 2) : themed('nick')[theme].split(/%? /);
  return fromOklch(lightness / 100, Number(chroma), h);
}

const hues = [...css.matchAll(/\.hue-(\d+) \{ --hue: (\d+); \}/g)].map(([, n, h]) => [Number(n), Number(h)]);

test('contrast is counted as the standard does', () => {
  assert.equal(contrast(fromHex('#000000'), fromHex('#ffffff')).toFixed(1), '21.0');
  assert.equal(contrast(fromHex('#777777'), fromHex('#ffffff')).toFixed(2), '4.48');
  assert.ok(contrast(fromOklch(0.62796, 0.25768, 29.234), fromHex('#ff0000')) < 1.01);
});

test('every colour of a nick is read on the page, on lists and where one is spoken to, light and dark', () => {
  for (const theme of [0, 1]) {
    for (const ground of ['paper', 'ground', 'to-you', 'raised']) {
      for (const [n, h] of hues) {
        const ratio = contrast(nickColours(theme, h), fromHex(themed(ground)[theme]));
        assert.ok(ratio >= AA, `hue-${n} on --${ground}, ${theme ? 'dark' : 'light'}: ${ratio.toFixed(2)}`);
      }
    }
  }
});

test('text, links and marked names are read where they stand', () => {
  for (const theme of [0, 1]) {
    for (const [ink, ground] of [['ink', 'to-you'], ['ink', 'mark'], ['accent', 'paper'], ['accent', 'to-you'], ['muted', 'paper'], ['muted', 'to-you'], ['wait', 'paper']]) {
      const ratio = contrast(fromHex(themed(ink)[theme]), fromHex(themed(ground)[theme]));
      assert.ok(ratio >= AA, `--${ink} on --${ground}, ${theme ? 'dark' : 'light'}: ${ratio.toFixed(2)}`);
    }
  }
});

test('every nick has a colour of those there are, and each colour its share of nicks', () => {
  assert.deepEqual(hues.map(([n]) => n).sort((a, b) => a - b), Array.from({ length: 12 }, (_, n) => n));
  assert.equal(new Set(hues.map(([, h]) => h)).size, 12);
  const shares = new Map();
  for (let n = 0; n < 12_000; n += 1) shares.set(hue(`nick-${n}`), (shares.get(hue(`nick-${n}`)) ?? 0) + 1);
  assert.deepEqual([...shares.keys()].sort((a, b) => a - b), hues.map(([n]) => n).sort((a, b) => a - b));
  for (const [colour, share] of shares) assert.ok(share > 700 && share < 1_300, `${colour}: ${share}`);
  assert.equal(hue('Ann'), hue('ann'));
});
