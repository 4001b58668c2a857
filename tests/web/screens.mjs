// Pictures of the page in every state, at three widths, light and dark, for people to look at: script/screenshots.
// usage: screens.mjs DIRECTORY [--png] [STATE…]
import { mkdirSync, writeFileSync } from 'node:fs';
import { startDaemon } from '../support/daemon.mjs';
import { launchBrowser } from './browser.mjs';
import { ALLOW, walk } from './states.mjs';

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
const browser = await launchBrowser();
for (const theme of ['light', 'dark']) {
  for (const size of SIZES) {
    const daemon = await startDaemon({ args: ALLOW });
    await walk(browser, daemon, { size, theme, visit: shoot });
    await daemon.stop();
  }
}
await browser.close();
