// HTTP as bytes: requests exactly as written, answers taken apart just enough.
import http from 'node:http';
import net from 'node:net';
import { defer, within } from './wait.mjs';

// One request over its own connection (or the agent's), as {status, headers, body}.
export function request(port, path, { method = 'GET', headers = {}, body, agent, ms } = {}) {
  const done = defer();
  const req = http.request({ host: '127.0.0.1', port, path, method, headers, agent: agent ?? false }, (res) => {
    const chunks = [];
    res.on('data', (chunk) => chunks.push(chunk));
    res.on('end', () => done.resolve({
      status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks).toString('utf8'), reused: req.reusedSocket,
    }));
  });
  req.on('error', done.reject);
  req.end(body);
  return within(done.promise, () => `${method} ${path} is answered`, ms);
}

// Sends the pieces on a new connection, then gives all that came back when the other side has ended it.
export async function exchange(port, pieces, { halfClose = false, ms } = {}) {
  const done = defer();
  const chunks = [];
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});  // a reset is an end too
  socket.on('close', () => done.resolve(Buffer.concat(chunks).toString('utf8')));
  try {
    for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
    if (halfClose) socket.end();
    return await within(done.promise, () => `the server ends the connection; so far ${Buffer.concat(chunks)}`, ms);
  } finally {
    socket.destroy();
  }
}

// The status of an answer given as bytes.
export const statusOf = (answer) => Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]);
