import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { dump } from 'js-yaml';
import { FUTURE_EXAMPLE } from '../http/fields.js';
import { buildOpenApi } from './openapi.js';
import { readPublicFile, serveContent } from './static-files.js';

const { resolve } = createRequire(import.meta.url);

/** The files of Swagger UI that the page loads. */
const SWAGGER_UI = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'favicon-16x16.png'];

/** Our plugins for it, and their styles. */
const OWN = [
  ...['explorer.js', 'explorer.css', 'examples.js', 'introduction.js', 'names.js', 'routes.js', 'session.js'],
  ...['sign-in.js', 'password-form.js', 'key-form.js', 'passkey.js'],
];

/**
 * Serves the OpenAPI document at /openapi.json and /openapi.yaml, and Swagger UI at /docs. The first request builds the
 * document.
 */
export function serveDocs(app: NestExpressApplication): void {
  const build = () => JSON.stringify(buildOpenApi(app)).replaceAll(FUTURE_EXAMPLE, inOneWeek());
  serveContent(app, '/openapi.json', build);
  serveContent(app, '/openapi.yaml', () => dump(JSON.parse(build()), { noRefs: true }));
  serveContent(app, '/docs', () => readPublicFile('docs/index.html'));
  // The page refers to its files by relative paths, so that a proxy can add a path prefix.
  serveContent(app, '/docs/', () => readPublicFile('docs/index.html').replaceAll('"./docs/', '"./'));
  for (const file of OWN) serveContent(app, `/docs/${file}`, () => readPublicFile(`docs/${file}`));
  for (const file of SWAGGER_UI) {
    serveContent(app, `/docs/${file}`, () => readFileSync(resolve(`swagger-ui-dist/${file}`)));
  }
}

/** Returns a time in one week. Active sessions usually expire later, so examples with this time work. */
function inOneWeek(): string {
  return new Date(Date.now() + 7 * 86_400_000).toISOString();
}
