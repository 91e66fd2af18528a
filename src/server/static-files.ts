import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';

/**
 * Serves content at a path. The first request reads it, and it stays in memory. Express's file server is not used, because
 * it leaves the file open if a client disconnects while its response waits behind others.
 */
export function serveContent(app: NestExpressApplication, path: string, read: () => string | Buffer): void {
  let content: string | Buffer | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .get(path, (_request: Request, response: Response) => {
      content ??= read();
      response.type(extname(path) || '.html').send(content);
    });
}

/** Reads a file of the folder `public`. */
export const readPublicFile = (name: string): string => readFileSync(publicUrl(name), 'utf8');

/** Returns the names of the files in a folder of `public`. */
export const listPublicFiles = (folder: string): string[] => readdirSync(publicUrl(folder));

/** The folder stands beside `src` and beside `dist`. */
function publicUrl(name: string): URL {
  const besideSources = new URL(`../../public/${name}`, import.meta.url);
  return existsSync(besideSources) ? besideSources : new URL(`../../../public/${name}`, import.meta.url);
}
