import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { buildOpenApi } from './openapi.js';
import { readPublicFile, serveContent } from './static-files.js';

const { resolve } = createRequire(import.meta.url);

/** The files of Swagger UI that the page loads. */
const SWAGGER_UI = ['swagger-ui.css', 'index.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'favicon-16x16.png'];

/** Serves the OpenAPI document at /openapi.json and Swagger UI at /docs. The first request builds the document. */
export function serveDocs(app: NestExpressApplication): void {
  serveContent(app, '/openapi.json', () => JSON.stringify(buildOpenApi(app)));
  serveContent(app, '/docs', () => readPublicFile('docs/index.html'));
  serveContent(app, '/docs/explorer.js', () => readPublicFile('docs/explorer.js'));
  for (const file of SWAGGER_UI) {
    serveContent(app, `/docs/${file}`, () => readFileSync(resolve(`swagger-ui-dist/${file}`)));
  }
}
