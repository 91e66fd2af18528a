import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import type { Config } from '../config/env.js';

const DAY_MS = 86_400_000;
/** RFC 9116 §2.5.5 recommends less than a year. */
const EXPIRES_MS = 90 * DAY_MS;

/**
 * Serves the well-known URLs for browsers, password managers and security researchers. All redirects are relative, so
 * that a proxy may add a prefix.
 */
export function serveWellKnown(app: NestExpressApplication, { environment, http }: Config): void {
  const { docsEnabled, accountPagesEnabled, changePasswordUrl, securityContact } = http;
  const router = app.getHttpAdapter().getInstance();
  const redirect = (path: string, target: string) =>
    router.get(path, (_request: Request, response: Response) => response.redirect(302, target));
  if (docsEnabled && environment === 'development') redirect('/', 'docs');
  const accountPage = accountPagesEnabled ? '../account/forgot-password' : undefined;
  const passwordPage =
    changePasswordUrl ?? accountPage ?? (docsEnabled ? '../docs#/recovery/changePassword' : undefined);
  if (passwordPage !== undefined) redirect('/.well-known/change-password', passwordPage);
  if (securityContact === undefined) return;
  router.get('/.well-known/security.txt', (_request: Request, response: Response) => {
    const expires = new Date(Math.floor((Date.now() + EXPIRES_MS) / DAY_MS) * DAY_MS).toISOString();
    response.type('text/plain').send(`Contact: ${securityContact}\nExpires: ${expires}\n`);
  });
}
