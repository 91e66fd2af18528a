import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { RequestHandler } from 'express';
import { escapeHtml } from '../common/html.js';
import type { Config } from '../config/env.js';

/** By the last part of their path. */
const FILES: Readonly<Record<string, string>> = {
  'reset-password': 'reset-password.html',
  'verify-email': 'verify-email.html',
  'not-me': 'not-me.html',
  'account.js': 'account.js',
  'account.css': 'account.css',
};

/**
 * Serves the pages that the links of mails lead to, for products that have none of their own yet: static files that
 * use the API as any other client does. They know no token: it stands in the fragment, which no browser sends.
 */
export function serveAccountPages(app: NestExpressApplication, { productName }: Config): void {
  const router = app.getHttpAdapter().getInstance();
  for (const [name, file] of Object.entries(FILES)) {
    let content: string | undefined;
    const send: RequestHandler = (_request, response) => {
      content ??= readFileSync(new URL(file, folder()), 'utf8').replaceAll('{{product}}', escapeHtml(productName));
      response.type(extname(file)).send(content);
    };
    router.get(`/account/${name}`, send);
  }
}

/** Beside the sources, and three folders above the build. */
function folder(): URL {
  const ofSources = new URL('../../public/account/', import.meta.url);
  return existsSync(ofSources) ? ofSources : new URL('../../../public/account/', import.meta.url);
}
