import { writeFile } from 'node:fs/promises';
import { buildOpenApi } from '../server/openapi.js';
import { withApp } from './with-app.js';

/** Writes the OpenAPI document to a file, or to standard output without one. */
export async function exportOpenApi(file: string | undefined): Promise<void> {
  await withApp(async (app) => {
    const document = JSON.stringify(buildOpenApi(app), null, 2);
    if (file) await writeFile(file, `${document}\n`);
    else console.log(document);
  });
}
