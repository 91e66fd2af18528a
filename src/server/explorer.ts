import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { RequestHandler } from 'express';
import { NotFoundError } from '../http/edge.errors.js';
import { buildOpenApi } from './openapi.js';

/** What the explorer's page asks for. Its package has more, which is nobody's business. */
const ASSETS = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-32x32.png',
  'favicon-16x16.png',
];
const KEEP_TOKEN = 'keep-token.js';

/**
 * The explorer keeps what it was authorized with over a reload: the token, and with it the password that was typed.
 * The token may stay; the password is taken out before it is stored.
 */
const KEEP_TOKEN_SCRIPT = `
const { setItem } = Storage.prototype;
Storage.prototype.setItem = function (key, value) {
  const withoutPassword = (name, member) => (name === 'password' ? undefined : member);
  setItem.call(this, key, key === 'authorized' ? JSON.stringify(JSON.parse(value), withoutPassword) : value);
};`;

/** Serves the explorer at /docs and the document at /openapi.json. Neither is built before someone asks. */
export function serveDocs(app: NestExpressApplication): void {
  const document = lazily(() => buildOpenApi(app));
  const json = lazily(() => Buffer.from(JSON.stringify(document())));
  const sendDocument: RequestHandler = (_request, response) => void response.type('application/json').send(json());
  app.getHttpAdapter().getInstance().get('/openapi.json', sendDocument);
  app.use('/docs', serveAssets());
  SwaggerModule.setup('docs', app, document, {
    raw: false,
    customJs: `docs/${KEEP_TOKEN}`,
    customSiteTitle: 'Gatehouse',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true },
  });
}

/**
 * Answers below /docs from memory, and before Express's own file server could: that one has all files of the
 * package, and leaves them open for clients that went away while others were in line before them.
 */
function serveAssets(): RequestHandler {
  const folder = createRequire(import.meta.url)
    .resolve('swagger-ui-dist/package.json')
    .replace(/package\.json$/, '');
  const assets = new Map(ASSETS.map((name) => [`/${name}`, lazily(() => readFileSync(`${folder}${name}`))]));
  assets.set(`/${KEEP_TOKEN}`, () => Buffer.from(KEEP_TOKEN_SCRIPT));
  return (request, response, next) => {
    const isPage = request.originalUrl.split('?', 1)[0] === '/docs';
    const asset = assets.get(request.path);
    if (isPage || request.path === '/swagger-ui-init.js') next();
    else if (!asset || request.method !== 'GET') next(new NotFoundError());
    else response.type(extname(request.path)).send(asset());
  };
}

/** Makes something at its first use, and only then. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
