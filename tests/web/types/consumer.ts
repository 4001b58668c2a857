// What others write against client.d.ts; compiled only.
import { ChatBridge, fold, newId, type Failure, type Message, type OutboxItem, type State } from '../../../web/client.js';

const chat = new ChatBridge({ url: 'http://localhost:8080', nick: 'bot', rooms: ['lobby', 'dev'], storage: localStorage });
new ChatBridge({ rooms: 'lobby', WebSocket, key: 'mine', storage: null });
new ChatBridge();

const off: () => void = chat.on('message', ({ nick, text, own, past }: Message) => { if (!own && !past) chat.send('lobby', `${nick}: ${text}`); });
off();
chat.on('outbox', ({ item, change }) => { if (change === 'failed') chat.discard(item.id); });
chat.on('latency', (ms) => ms.toFixed());
chat.addEventListener('gap', (event) => event.detail.from - event.detail.to, { once: true });
chat.on('state', (state: State) => { if (state.name === 'waiting') new Date(state.retryAt); });
// @ts-expect-error there is no such event
chat.on('massage', () => {});
// @ts-expect-error a message has no such thing
chat.on('message', (message) => message.body);
// @ts-expect-error only the server gives names
chat.nick = 'x';

async function use(): Promise<void> {
  await chat.connect();
  const { head } = await chat.join('lobby', { after: 3, epoch: 'k3f9' });
  const receipt = chat.send('lobby', 'hi', { action: true });
  const id: string = receipt.id;
  const { seq = 0 } = await receipt;
  const { messages, more } = await chat.history('lobby', { before: seq, limit: 10 });
  // @ts-expect-error whose they were is not known of older ones
  messages[0]?.own;
  const { members } = await chat.who('lobby', { prefix: 'b' });
  const nick: string = await chat.rename(fold(newId()));
  await chat.direct(nick, `${head} ${more} ${members[0]?.via} ${id}`);
  for await (const { missed, text } of chat.messages('lobby', { buffer: 10, past: true })) {
    if (missed) chat.send('lobby', `${missed.from} to ${missed.to} are gone, then: ${text}`).catch((failure: Failure) => failure.code);
  }
  const waiting: OutboxItem[] = chat.outbox.filter(({ state }) => state === 'pending');
  chat.adopt(waiting);
  (await chat.retry(id))?.seq;
  chat.wanted = 'bot2';
  chat.typing('lobby');
  chat.wake();
  chat.leave('lobby');
  chat.close();
}
use();
