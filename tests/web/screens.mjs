// Pictures of the page in every state, at three widths, light and dark, for people to look at: script/screenshots.
// usage: screens.mjs DIRECTORY [--png] [STATE…]
import { mkdirSync, writeFileSync } from 'node:fs';
import { startDaemon } from '../support/daemon.mjs';
import { launchBrowser } from './browser.mjs';
import { ALLOW, cast, walk } from './states.mjs';

const SIZES = [[360, 740], [768, 1024], [1440, 900]];
const [directory, ...rest] = process.argv.slice(2);
const png = rest.includes('--png');
const only = rest.filter((arg) => !arg.startsWith('--'));

async function shoot(state, window) {
  if (only.length && !only.includes(state)) return;
  const cdp = await window.context.newCDPSession(window.page);
  const { data } = await cdp.send('Page.captureScreenshot', png ? { format: 'png' } : { format: 'webp', quality: 80 });
  writeFileSync(`${directory}/${state}-${window.name}.${png ? 'png' : 'webp'}`, Buffer.from(data, 'base64'));
}

mkdirSync(directory, { recursive: true });
const daemon = await startDaemon({ args: ALLOW });
const browser = await launchBrowser();
try {
  const people = await cast(daemon);
  for (const theme of ['light', 'dark']) for (const size of SIZES) await walk(browser, daemon, people, { size, theme, visit: shoot });
} finally {
  await browser.close();
  await daemon.stop();
}
process.exit();
