// The examples of a document, so that tests run what readers copy.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The blocks of code in docs/NAME, as {language, code}. */
export function examples(name) {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, code]) => ({ language, code }));
}
