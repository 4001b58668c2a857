// Types of client.js. What everything means: docs/CLIENT.md.

export type Via = 'tcp' | 'udp' | 'ws' | 'http' | 'link';

/** What somebody said in a room. */
export interface Message {
  room: string;
  /** Strictly increasing within the room, gaps allowed. */
  seq: number;
  /** RFC 3339, UTC. */
  at: string;
  nick: string;
  via: Via;
  text: string;
  /** As its sender gave it. */
  id?: string;
  /** `/me` */
  action?: boolean;
  /** `mine`, or said under the nick that this client has now. */
  own: boolean;
  /** Written to this client. */
  mine: boolean;
  /** Said before the room was joined for the first time. */
  past: boolean;
  /** In a loop: messages of these numbers, both included, were lost before this one. */
  missed?: { from: number; to: number };
}

/** An older message, as history() gives it. */
export type OldMessage = Omit<Message, 'own' | 'mine' | 'past' | 'missed'>;

export interface Member { nick: string; via: Via }

/** What was written and is not yet part of a room. */
export interface OutboxItem {
  id: string;
  /** Its room; or, of a direct message, none. */
  room?: string;
  /** Of a direct message: whom it is for. */
  to?: string;
  text: string;
  action: boolean;
  /** When it was written, in ms since 1970. */
  at: number;
  /** `sent`: the journal has it, and its room has not shown it yet. */
  state: 'pending' | 'sent' | 'failed';
  /** Of one that failed: the server's code, or `too_long`, or `unknown` (it may have arrived). */
  code?: string;
  reason?: string | { bytes?: number; lines?: number; limit: number };
  seq?: number;
}

/** `seen`: its room has shown it, or a direct message is on its way. `unseen`: the room has it and will not show it. */
export interface OutboxChange { item: OutboxItem; change: 'pending' | 'sent' | 'failed' | 'seen' | 'unseen' | 'dropped' }

/** The promise of a message; nobody has to wait for it. */
export type Receipt = Promise<{ id: string; seq?: number }> & { readonly id: string };

export type State =
  | { name: 'offline' }
  | { name: 'connecting'; attempt: number }
  | { name: 'connected' }
  /** Until `retryAt`, in ms since 1970. `reason`: what the server said when it went. */
  | { name: 'waiting'; retryAt: number; reason?: string };

export interface Limits {
  message_bytes: number;
  message_lines: number;
  rooms?: number;
  rate?: number;
  burst?: number;
  presence_max?: number;
}

export interface Welcome { nick: string; session: string; room: string; limits: Limits }
export interface Joined { room: string; epoch: string; head: number; recovered: boolean; count: number; members?: Member[] }
export interface Gap { room: string; from: number; to: number }
export interface Presence { room: string; count: number; joined?: Member[]; left?: Member[] }
export interface Renamed { room?: string; old?: string; nick: string; self: boolean }
export interface Direct { nick: string; to: string; at: string; via: Via; text: string; id?: string }
export interface Typing { room: string; nick: string }
export interface ServerError { code: string; message: string; id?: string; room?: string }
export interface Bye { reason: string; retry_after_ms: number }

/** What promises fail with. Codes of the server's, and `offline`, `timeout`, `closed`, `left`, `dropped`, `replaced`, `full`, `unknown`. */
export interface Failure extends Error {
  code: string;
  reason?: OutboxItem['reason'];
}

export interface Events {
  state: State;
  welcome: Welcome;
  joined: Joined;
  message: Message;
  gap: Gap;
  presence: Presence;
  nick: Renamed;
  direct: Direct;
  typing: Typing;
  outbox: OutboxChange;
  latency: number;
  error: ServerError;
  bye: Bye;
}

/** localStorage and sessionStorage are such. */
export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export interface Options {
  /** The page's, the host's or the WebSocket's: `http://host:8080`, `wss://host/ws`. In a page: by default where it came from. */
  url?: string;
  /** Without it: a guest. */
  nick?: string;
  /** Joined with the connection. */
  rooms?: string | string[];
  /** Where session and outbox outlive the program. */
  storage?: Storage | null;
  /** Begins the keys in the storage; `chatbridge`. */
  key?: string;
  /** Where there is none: `ws`'s, for example. */
  WebSocket?: new (url: string, protocols: string[]) => unknown;
}

export class ChatBridge extends EventTarget {
  constructor(options?: Options);

  /** As the server calls this person; empty before the first welcome. */
  readonly nick: string;
  /** What to ask to be called with the next greeting. */
  wanted: string;
  readonly state: State;
  readonly connected: boolean;
  /** Of the last ping, in ms. */
  readonly latency: number | null;
  readonly limits: Limits;
  readonly rooms: string[];
  readonly outbox: OutboxItem[];

  connect(): Promise<void>;
  close(): void;
  wake(): void;

  /** The place is ignored once the room is asked for: by an earlier join, by `rooms`, `send` or `messages`. Before `connect` it is in time. */
  join(room: string, from?: { after?: number; epoch?: string }): Promise<Joined>;
  leave(room: string): void;

  send(room: string, text: string, how?: { action?: boolean }): Receipt;
  direct(nick: string, text: string): Receipt;
  retry(id: string): Receipt | null;
  discard(id: string): OutboxItem | null;
  adopt(items: Array<Partial<OutboxItem> & { written?: boolean }>): void;

  history(room: string, which?: { before?: number; limit?: number }): Promise<{ messages: OldMessage[]; more: boolean }>;
  who(room: string, which?: { prefix?: string; limit?: number }): Promise<{ members: Member[]; count: number; more: boolean }>;
  rename(nick: string): Promise<string>;
  typing(room: string): boolean;

  /** Throws a Failure, `bad_room`, for what is no name of a room. */
  messages(room: string, options?: { buffer?: number; past?: boolean }): AsyncIterableIterator<Message>;

  on<Type extends keyof Events>(type: Type, listener: (detail: Events[Type]) => void): () => void;
  addEventListener<Type extends keyof Events>(
    type: Type, listener: ((event: CustomEvent<Events[Type]>) => void) | null, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}

/** Equal only for nicks that the server holds for one; it may hold more for one than this does, never fewer. */
export function fold(nick: string): string;

/** 128 random bits in hexadecimal, also without a secure context. */
export function newId(): string;
