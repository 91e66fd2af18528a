import type { NestExpressApplication } from '@nestjs/platform-express';
import { escapeHtml } from '../common/html.js';
import type { Config } from '../config/env.js';
import { pathOf } from '../http/route-table.js';
import { readPublicFile, serveContent } from './static-files.js';

const FILES = [
  'forgot-password.html',
  'reset-password.html',
  'verify-email.html',
  'not-me.html',
  'account.js',
  'account.css',
];

/**
 * Serves the pages that links in mails open, for products that do not have their own yet. They use the API like any
 * other client. The token is in the fragment of the link, which browsers do not send.
 */
export function serveAccountPages(app: NestExpressApplication, { productName }: Config): void {
  for (const file of FILES) {
    serveContent(app, `/account/${file.replace(/\.html$/, '')}`, () =>
      readPublicFile(`account/${file}`)
        .replaceAll('{{product}}', escapeHtml(productName))
        .replace(/{{path ([^}]+)}}/g, (_, path: string) => pathOf(app.getHttpAdapter().getInstance(), path)),
    );
  }
}
