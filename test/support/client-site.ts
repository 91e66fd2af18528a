import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { transform } from '@swc/core';
import { SWC_OPTIONS } from '../../scripts/swc.js';

const SOURCE = new URL('../../clients/typescript/src/', import.meta.url);
const OPENAPI_FETCH = new URL('../../node_modules/openapi-fetch/dist/index.mjs', import.meta.url);
const PAGE = `<!doctype html><link rel="icon" href="data:,">
<script type="importmap">{"imports":{"openapi-fetch":"/openapi-fetch.js"}}</script>
<script type="module">import * as client from '/index.js'; globalThis.client = client;</script>`;

/** A frontend on an origin of its own. Its page loads the TypeScript client and assigns it to `client`. */
export class ClientSite {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<ClientSite> {
    const server = createServer((request, response) => {
      const isPage = request.url === '/';
      (isPage ? Promise.resolve(PAGE) : script(request.url ?? '')).then(
        (text) => response.setHeader('Content-Type', isPage ? 'text/html' : 'text/javascript').end(text),
        () => response.writeHead(404).end(),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ClientSite(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

async function script(path: string): Promise<string> {
  if (path === '/openapi-fetch.js') return readFile(OPENAPI_FETCH, 'utf8');
  const source = await readFile(new URL(`.${path.replace(/\.js$/, '.ts')}`, SOURCE), 'utf8');
  return (await transform(source, SWC_OPTIONS)).code;
}
