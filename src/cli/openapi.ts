import { writeFile } from 'node:fs/promises';
import { buildOpenApi } from '../server/openapi.js';
import { withApp } from './with-app.js';

/** @param file the standard output where it is left out */
export async function exportOpenApi(file: string | undefined): Promise<void> {
  await withApp(async (app) => {
    const document = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
    if (file) await writeFile(file, document);
    else process.stdout.write(document);
  });
}
