// A chatbridge.v1 client as a process of its own, so that a test can stop it: prints one short line for each event.
// Texts are of the form "=token= xxxx…"; `bad` in place of the token means that a text was not complete.
import WebSocket from 'ws';

const [, , url, length] = process.argv;
const ws = new WebSocket(url, ['chatbridge.v1'], { perMessageDeflate: false });

function describe(event) {
  if (event.type !== 'message') return `${event.type} ${JSON.stringify(event)}`;
  const match = /^(=[^=]+=)(?: (x*))?$/.exec(event.text);
  const whole = match && (match[2] === undefined || event.text.length === Number(length));
  return `message ${event.seq} ${whole ? match[1] : 'bad'}`;
}

ws.on('open', () => {
  ws.send('{"type":"hello","nick":"sleeper_v1"}');
  ws.send('{"type":"join","room":"lobby"}');
});
ws.on('message', (bytes) => {
  for (const line of bytes.toString().split('\n')) {
    if (line !== '') console.log(describe(JSON.parse(line)));
  }
});
ws.on('close', (code) => console.log(`closed ${code}`));
ws.on('error', (error) => console.log(`error ${error.message}`));
