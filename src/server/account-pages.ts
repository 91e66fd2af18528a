import type { NestExpressApplication } from '@nestjs/platform-express';
import { escapeHtml } from '../common/html.js';
import type { Config } from '../config/env.js';
import { pathOf } from '../http/route-table.js';
import { listPublicFiles, readPublicFile, serveContent } from './static-files.js';

/** Files with this prefix are parts of pages. */
const PART = '_';

/**
 * Serves the pages that links in mails open, for products that do not have their own yet. They use the API like any
 * other client. The token is in the fragment of the link, which browsers do not send.
 */
export function serveAccountPages(app: NestExpressApplication, { productName }: Config): void {
  const product = escapeHtml(productName);
  const pathInApi = (_: string, path: string) => pathOf(app.getHttpAdapter().getInstance(), path);
  for (const file of listPublicFiles('account')) {
    if (file.startsWith(PART)) continue;
    const read = () => (file.endsWith('.html') ? readPage(file) : readPublicFile(`account/${file}`));
    serveContent(app, `/account/${file.replace(/\.html$/, '')}`, () =>
      read()
        .replaceAll('{{product}}', () => product)
        .replace(/{{path ([^}]+)}}/g, pathInApi),
    );
  }
}

/** Returns a page in the layout. Its heading is also its title. */
function readPage(file: string): string {
  const page = readPublicFile(`account/${file}`);
  const [, title = ''] = /<h1>(.*)<\/h1>/.exec(page) ?? [];
  return readPart('layout')
    .replace('{{title}}', () => title)
    .replace('{{page}}', () => page)
    .replace(/{{new-password (\w+)}}/, (_, name: string) => readPart('new-password').replace('{{name}}', name));
}

const readPart = (name: string): string => readPublicFile(`account/${PART}${name}.html`);
