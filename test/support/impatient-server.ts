import { once } from 'node:events';
import type { TestApp } from './test-app.js';

/** Makes an instance wait milliseconds where it waits seconds. Only a server that begins to listen takes the interval over. */
export async function makeImpatient(app: TestApp): Promise<void> {
  const server = app.app.getHttpServer();
  const { hostname, port } = new URL(app.url);
  server.close();
  await once(server, 'close');
  Object.assign(server, { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 });
  server.listen(Number(port), hostname);
  await once(server, 'listening');
}
