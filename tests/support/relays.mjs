// Servers of the tests' own that stand where chatbridge would.
import dgram from 'node:dgram';
import net from 'node:net';

const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

// The lab exercise's relay: what one connection sends goes to all others, byte for byte, and nothing else is said.
export async function startTcpRelay() {
  const sockets = new Set();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => { for (const other of sockets) if (other !== socket) other.write(chunk); });
    socket.on('end', () => socket.end());
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listening(server);
  return {
    port,
    sockets,
    close: () => new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(resolve);
    }),
  };
}

// Whatever `answer(text)` gives is sent back, line by line; `got` is all that came.
export async function startUdpServer(answer) {
  const socket = dgram.createSocket('udp4');
  const got = [];
  socket.on('message', (bytes, from) => {
    got.push(bytes.toString());
    for (const line of answer(bytes.toString()) ?? []) socket.send(line, from.port, from.address);
  });
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { port: socket.address().port, got, close: () => new Promise((resolve) => socket.close(resolve)) };
}

// What comes from `source` goes to `sink` as on a line of that many bytes a second, `delay` ms long.
function carry(source, sink, { delay, rate }) {
  source.on('data', (chunk) => {
    source.pause();  // no more is under way than was read at once
    setTimeout(() => {
      source.resume();
      setTimeout(() => sink.write(chunk), delay);
    }, (chunk.length / rate) * 1_000);
  });
}

// A network between a client and a server that can be cut. `cutAfter` bytes of the client's, if given, each connection
// is lost without a word, in both directions. A slow one: `delay` in ms each way, `rate` in bytes a second each way and connection.
export async function startNetwork(target, { cutAfter = Infinity, delay = 0, rate = Infinity } = {}) {
  const pairs = new Set();
  const network = { cuts: 0, cutAfter };
  const cut = (pair) => {
    if (!pairs.delete(pair)) return;
    network.cuts++;
    for (const socket of pair) socket.resetAndDestroy?.() ?? socket.destroy();
  };
  const server = net.createServer((near) => {
    const far = net.connect(target, '127.0.0.1');
    const pair = [near, far];
    let passed = 0;
    pairs.add(pair);
    for (const socket of pair) socket.on('error', () => {}).on('close', () => { pairs.delete(pair); for (const s of pair) s.destroy(); });
    if (rate < Infinity) {
      carry(near, far, { delay, rate });
      carry(far, near, { delay, rate });
      return;
    }
    near.on('data', (chunk) => {
      passed += chunk.length;
      far.write(chunk, () => { if (passed >= network.cutAfter) cut(pair); });
    });
    far.pipe(near);
  });
  network.port = await listening(server);
  network.cut = () => { for (const pair of [...pairs]) cut(pair); };
  network.close = () => new Promise((resolve) => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    server.close(resolve);
  });
  return network;
}
