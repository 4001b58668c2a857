// Light, dark, or as the system has it. The style sheet does the rest, by `color-scheme`. It stands alone, as it runs before anything is painted.

const KEY = 'chatbridge.theme';
const root = document.documentElement;
const bars = [...document.querySelectorAll('meta[name="theme-color"]')];  // what phones paint around the page
const colours = bars.map(({ content }) => content);                       // light, dark

/** 'light', 'dark' or 'system'. */
export function theme() {
  return root.dataset.theme ?? 'system';
}

export function setTheme(name) {
  apply(name);
  try {
    if (name === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, name);
  } catch { /* then it is so until the page is closed */ }
}

function apply(name) {
  const fixed = ['light', 'dark'].indexOf(name);
  if (fixed < 0) delete root.dataset.theme;
  else root.dataset.theme = name;
  bars.forEach((bar, index) => { bar.content = colours[fixed < 0 ? index : fixed]; });
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

apply(stored());
addEventListener('storage', ({ key, newValue }) => { if (key === KEY || key === null) apply(newValue); });
