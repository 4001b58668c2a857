// How others get into a room from wherever they are, as commands with this server's own names and numbers in them. Free of the page.

import * as texts from './texts.js';

/** What GET /api/server says; throws when it cannot be had. */
export async function askServer(get = fetch) {
  const answer = await get('/api/server', { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`/api/server: ${answer.status}`);
  return answer.json();
}

/**
 * at: the page's address (Location or URL); server: what it said; room: where to.
 * [{title, via, code, hint}]; `via` is a transport, `hint` may be missing.
 */
export function ways(at, server, room) {
  const chat = server.relay !== 'verbatim';
  const enter = chat && room !== server.room ? `/join ${room}` : '';
  const host = at.hostname.replace(/^\[|\]$/g, '');
  return [
    { title: texts.invite.link, via: 'ws', code: `${at.origin}/#${room}` },
    ...byTcp({ host, port: server.tcp, enter, hint: chat ? texts.invite.names : undefined }),
    ...byUdp({ host, port: server.udp, enter, chat }),
    ...byWebSocket({ at, enter, chat }),
    connect({ at, tcp: server.tcp, room: chat ? room : '' }),
  ].filter(({ code }) => code);
}

/** What there is no command for, and why. */
export function missing(server) {
  return ['tcp', 'udp'].filter((name) => !server[name]).map((name) => texts.invite.missing[name]);
}

// A first line, and then whatever is typed.
const after = (enter, command) => (enter ? `(echo ${enter}; cat) | ${command}` : command);

function byTcp({ host, port, enter, hint }) {
  if (!port) return [];
  return [
    { title: 'netcat', via: 'tcp', code: after(enter, `nc ${host} ${port}`), hint },
    { title: 'telnet', via: 'tcp', code: `telnet ${host} ${port}`, hint: enter && texts.invite.then(enter) },
    { title: 'Python', via: 'tcp', code: python(host, port, enter), hint: texts.invite.python },
  ];
}

function byUdp({ host, port, enter, chat }) {
  if (!port) return [];
  return [{ title: texts.invite.udp, via: 'udp', code: after(enter, `nc -u ${host} ${port}`), hint: chat ? texts.invite.cookie : undefined }];
}

function byWebSocket({ at, enter, chat }) {
  const url = socketUrl(at);
  return [
    { title: 'websocat', via: 'ws', code: after(enter, `websocat ${url}`) },
    { title: 'wscat', via: 'ws', code: `npx wscat -c ${url}`, hint: chat && enter ? texts.invite.then(enter) : undefined },
  ];
}

// It speaks no TLS, so where the page came over https it takes the raw line, if there is one.
function connect({ at, tcp, room }) {
  const plain = at.protocol !== 'https:';
  const url = plain ? socketUrl(at) : tcp && `tcp://${at.hostname}:${tcp}`;
  return { title: 'chatbridge connect', via: plain ? 'ws' : 'tcp', code: url && `chatbridge connect ${room && `--room ${room} `}${url}`, hint: texts.invite.connect };
}

const socketUrl = ({ protocol, host }) => `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws`;

function python(host, port, enter) {
  return `import socket, sys, threading

s = socket.create_connection(("${host}", ${port}))
def listen():
    for line in s.makefile(encoding="utf-8", errors="replace"):
        print(line, end="", flush=True)
threading.Thread(target=listen, daemon=True).start()
${enter && `s.sendall(b"${enter}\\n")\n`}for line in sys.stdin:
    s.sendall(line.encode())`;
}
