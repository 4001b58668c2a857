// Colours as a style sheet writes them, and how well one is read on another (WCAG 2.2, contrast ratio).

const clip = (value) => Math.min(1, Math.max(0, value));
const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/** [r, g, b], linear and 0 to 1, of "#rrggbb". */
export const fromHex = (hex) => [1, 3, 5].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255));

/** The same of oklch(lightness chroma hue); what a screen cannot show is cut off, as browsers do. https://bottosson.github.io/posts/oklab/ */
export function fromOklch(lightness, chroma, hue) {
  const [a, b] = [Math.cos, Math.sin].map((part) => chroma * part(hue * Math.PI / 180));
  const [l, m, s] = [[0.3963377774, 0.2158037573], [-0.1055613458, -0.0638541728], [-0.0894841775, -1.291485548]].map(([x, y]) => (lightness + x * a + y * b) ** 3);
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map(clip);
}

const luminance = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
