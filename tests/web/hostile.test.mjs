// What hostile people send, in Chromium against the built program: nothing of it is executed, and nothing breaks the layout, on a phone and a desktop.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { after, before, test } from 'node:test';
import { DEADLINE, launchBrowser } from './browser.mjs';
import { scene } from './scene.mjs';

let browser;
before(async () => { browser = await launchBrowser(); });
after(() => browser?.close());
const setup = (t, options) => scene(t, browser, options);

// On a phone the list of people is not in sight.
async function enter(s, viewport) {
  const person = await s.person(undefined, { viewport });
  await person.page.getByRole('textbox', { name: 'Nickname' }).fill('ann');
  await person.page.getByRole('button', { name: 'Join' }).click();
  await person.is('connected');
  return person;
}

const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1440, height: 900 };
const MARKUP = [
  '<img src=x onerror="window.owned = 1">', '<script>window.owned = 1</script>', '<svg onload="window.owned = 1"><script>window.owned = 1</script></svg>', '</div></article></main><h1>gone',
  '<iframe srcdoc="<script>parent.owned = 1</script>">', '<a href="javascript:window.owned = 1">x</a>', '<style>*{display:none}</style>', '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">', '<form action="https://evil.example/"><input name=x autofocus onfocus="window.owned = 1">',
  '&lt;b&gt; &amp; &#x3c;script&#x3e;', '{{7*7}} ${7*7} #{7*7} <%= 7*7 %>', '--></script><!--', '"><img src=x onerror=window.owned=1>', '\' onmouseover=\'window.owned = 1', ']]><x/>',
  '__proto__ constructor toString hasOwnProperty', '@__proto__ @constructor', '<math><mtext></form><form><mglyph><style></math><img src onerror=window.owned=1>',
];
const LINKS = [
  'javascript:window.owned=1', 'JaVaScRiPt:window.owned=1', 'javascript://a.example/%0awindow.owned=1', 'data:text/html,<script>window.owned=1</script>', 'vbscript:x', 'file:///etc/passwd',
  'https://a.example/"onmouseover="window.owned=1', 'https://a.example/\'onmouseover=\'window.owned=1', 'https://bank.example@evil.example/', 'https://a.example/<script>window.owned=1</script>',
  `https://a.example/${'x'.repeat(1_500)}`, 'http://\u{430}\u{440}\u{440}\u{4cf}\u{435}.example/', 'mailto:a@b.example?subject=x&attach=/etc/passwd', 'intent://x#Intent;end', 'blob:https://a.example/x',
];
const marks = String.fromCodePoint(...Array.from({ length: 0x70 }, (_, i) => 0x300 + i));
const SHAPES = [
  `Z${marks.repeat(3)}a${marks.repeat(3)}lgo`, 'w'.repeat(4_096), 'ж'.repeat(2_048), '漢'.repeat(1_365), '\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}'.repeat(200), '\u{fdfd}'.repeat(500), 'a\u{a0}'.repeat(1_000),
  '\u{202e}evil\u{202c} \u{2066}x\u{2069}', '\u{200f}\u{200f}\u{200f}right', '\u{61c}\u{200e}\u{200b}\u{feff}invisible', 'שלום '.repeat(300), '؁١٢٣ ﷺ', '\u{12219}\u{1242b}\u{a9c5}', '\u{1d173}\u{e0001}x', 'x\n'.repeat(99),
  '\t'.repeat(500), '.'.repeat(1_000), '\u{2028}\u{2029}', '⸻'.repeat(300), '_'.repeat(2_000), '-'.repeat(2_000), '/'.repeat(3_000),
];

async function isSound(person, width) {
  const found = await person.page.evaluate(() => {
    const log = document.querySelector('[role="log"]');
    const edge = log.getBoundingClientRect();
    const out = [...log.querySelectorAll('.message, .message *, .line')].filter((each) => {
      const { left, right, width: w } = each.getBoundingClientRect();
      return w > 1 && (left < edge.left - 1 || right > edge.right + 1);
    });
    return {
      owned: window.owned ?? null,
      title: document.title,
      strangers: log.querySelectorAll('img, script, svg, iframe, style, base, meta, form, input, math, object, embed, link, video').length,
      schemes: [...new Set([...log.querySelectorAll('a')].map((a) => a.protocol))],
      handlers: [...log.querySelectorAll('*')].filter((each) => each.getAttributeNames().some((name) => name.startsWith('on'))).length,
      out: out.map((each) => each.outerHTML.slice(0, 200)),
      wide: [document.documentElement.scrollWidth, log.scrollWidth - log.clientWidth],
    };
  });
  assert.equal(found.owned, null);
  assert.match(found.title, /^lobby · chatbridge$/);
  assert.deepEqual([found.strangers, found.handlers], [0, 0]);
  for (const scheme of found.schemes) assert.match(scheme, /^(https?|mailto):$/);
  assert.deepEqual(found.out, [], 'nothing sticks out of the log');
  assert.deepEqual(found.wide, [width, 0], 'nothing is wider than the screen');
}

for (const [where, viewport] of [['a phone', PHONE], ['a desktop', DESKTOP]]) {
  test(`markup, links and shapes of text do nothing but stand there, on ${where}`, async (t) => {
    const s = await setup(t);
    const ann = await enter(s, viewport);
    const eve = await s.v1({ nick: 'eve' });
    for (const text of [...MARKUP, ...LINKS, ...SHAPES]) await eve.publish(text);
    for (const text of MARKUP.slice(0, 3)) await eve.publish(text, { action: true });
    await eve.publish('the end');
    await ann.hears('the end');
    assert.deepEqual((await ann.texts()).slice(0, MARKUP.length + 3), [...MARKUP, ...LINKS].slice(0, MARKUP.length + 3), 'every sign of it is there');
    await isSound(ann, viewport.width);
    await ann.log.evaluate((log) => { log.scrollTop = 0; });
    await isSound(ann, viewport.width);
    for (const link of await ann.log.locator('.text a').all()) await link.dispatchEvent('pointerover');
    await ann.log.locator('time').first().hover();
    await isSound(ann, viewport.width);
  });
}

test('what is piled on letters is drawn inside its message, over no neighbour', async (t) => {
  const s = await setup(t);
  const ann = await enter(s, PHONE);
  const eve = await s.v1({ nick: 'eve' });
  const rows = async () => ann.page.screenshot({ clip: await ann.message('plain').evaluate((row) => {
    const { x, y, width, height } = row.getBoundingClientRect();
    return { x, y: y + 2, width, height: height - 4 };
  }), animations: 'disabled' });
  await eve.publish('beginning');
  await eve.publish(`h${marks.repeat(10)}i`);
  await eve.publish('plain');
  await ann.hears('plain');
  const clipped = await ann.log.locator('.message .text').evaluateAll((all) => all.every((each) => getComputedStyle(each).overflowY === 'clip'));
  assert.ok(clipped);
  const piled = await rows();
  await ann.page.evaluate(() => { document.querySelectorAll('.message .text')[1].textContent = 'hi'; });
  assert.ok(piled.equals(await rows()), 'the message below looks the same without it');
});

test('of what is longer than messages are the beginning is shown, and all of it when asked', async (t) => {
  const s = await setup(t, { args: ['--relay', 'verbatim'] });
  const ann = await s.person('ann');
  const raw = dgram.createSocket('udp4');
  t.after(() => raw.close());
  raw.send(`high${'\n'.repeat(60_000)}end`, s.daemon.udp, '127.0.0.1');
  const message = ann.message('high');
  await message.waitFor();
  assert.ok((await message.boundingBox()).height < 4_000);
  assert.doesNotMatch(await message.textContent(), /end/);
  await message.getByRole('button', { name: 'Show all' }).scrollIntoViewIfNeeded();
  const scrolled = () => ann.log.evaluate((log) => log.scrollTop);
  const before = await scrolled();
  await message.getByRole('button', { name: 'Show all' }).click();
  await ann.message('end').waitFor();
  assert.equal(await message.getByRole('button').count(), 0);
  raw.send('next', s.daemon.udp, '127.0.0.1');
  await ann.page.getByRole('button', { name: '1 new message' }).waitFor();
  assert.equal(await scrolled(), before, 'one reads on from where one was');
});

test('bidi signs of one message turn nothing outside of it', async (t) => {
  const s = await setup(t);
  const ann = await s.person('ann');
  const eve = await s.v1({ nick: 'עינת' });
  for (const text of ['\u{202e}desrever', '\u{2067}rtl', '\u{200f}mark', 'abc']) await eve.publish(text);
  await ann.hears('abc');
  const texts = await ann.texts();
  assert.doesNotMatch(texts.join(''), /[\u{202a}-\u{202e}\u{2066}-\u{2069}]/u);
  const order = await ann.log.locator('.message').first().evaluate((row) => ['.when', '.who .nick', '.via'].map((part) => row.querySelector(part).getBoundingClientRect().left));
  assert.deepEqual([...order].sort((a, b) => a - b), order, 'time, name and transport stand where they always do');
});

test('10,000 different nicks: the list of people, the colours and the log stay small', { timeout: 4 * DEADLINE }, async (t) => {
  const s = await setup(t);
  const ann = await enter(s, PHONE);
  const post = (n) => fetch(`http://127.0.0.1:${s.daemon.http}/api/rooms/lobby/messages`, {
    method: 'POST', body: JSON.stringify({ nick: `n${n}-${'ж'.repeat(n % 25)}`, text: `said ${n}.` }),
  }).then((answer) => { assert.equal(answer.status, 201); return answer.text(); });
  for (let n = 1; n <= 10_000; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => post(n + i)));
  await post('last');
  await ann.hears('said last.');
  const size = await ann.page.evaluate(() => ({
    people: document.querySelectorAll('#people li').length,
    rows: document.querySelectorAll('#list > *').length,
    elements: document.querySelectorAll('*').length,
    colours: new Set([...document.querySelectorAll('#list .nick')].map((nick) => getComputedStyle(nick).color)).size,
  }));
  assert.ok(size.people <= 101 && size.rows <= 400 && size.elements < 6_000 && size.colours <= 12, JSON.stringify(size));
  await isSound(ann, PHONE.width);
});
