// One small class per transport, all with the same face: connect, say, next, until, hears, texts, close.
export { RawClient, TcpClient, TcpRawClient, UdpClient, WsTextClient } from './raw_clients.mjs';
export { WsV1Client } from './v1_client.mjs';
export { PageClient, launchBrowser } from './page_client.mjs';
