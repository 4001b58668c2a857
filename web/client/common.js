// What the parts of the client share.

/** 128 bits; getRandomValues works without a secure context, randomUUID does not. */
export function newId(crypto = globalThis.crypto) {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Equal for nicks that the server holds for one (NFKC casefold). JavaScript has no casefold: up and down again is the same for every letter but
 * the dotless i, and the sigma that depends on where it stands.
 */
export const fold = (nick) => nick.normalize('NFKC').replace(/[^\u{131}]+/gu, (run) => run.toLowerCase().toUpperCase().toLowerCase())
  .replaceAll('\u{3c2}', '\u{3c3}').normalize('NFKC');

export const isRoom = (name) => typeof name === 'string' && /^[a-z0-9][a-z0-9._-]{0,63}$/.test(name);

/** Of a page's address as well: http://host/#room means ws://host/ws. */
export function socketUrl(given = '/') {
  const url = new URL(given, globalThis.location?.href);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  if (url.pathname === '/') url.pathname = '/ws';
  url.hash = '';
  return url.href;
}

/** True for a refusal that means "not now". */
export const isLater = (code) => code === 'overloaded' || code === 'rate_limited';

export function failure(code, message, more) {
  return Object.assign(new Error(message || code), { code, ...more });
}

/** A promise that has failed. */
export function failed(code, message) {
  const { promise, reject } = deferred();
  reject(failure(code, message));
  return promise;
}

/** {promise, resolve, reject}. Nobody has to wait for the promise: failing then is no unhandled rejection. */
export function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  made.promise.catch(() => {});
  return made;
}
