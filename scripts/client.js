// npm run client: writes the types of the TypeScript client from the OpenAPI document. With --release, also stores the
// document as that of the last release, whose clients later changes must not break.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from './build.js';
import { useGeneratedSecret } from './environment.js';
import { RELEASED, SCHEMA, toClientTypes, withoutTexts } from './openapi/client-types.js';
import { runMain, runNode } from './run.js';

runMain(async () => {
  await ensureBuilt();
  await useGeneratedSecret();
  const folder = await mkdtemp(join(tmpdir(), 'openapi-'));
  const file = join(folder, 'openapi.json');
  const code = await runNode(['dist/src/cli/cli.js', 'openapi:export', file]);
  if (code === 0) {
    const text = await readFile(file, 'utf8');
    await writeFile(SCHEMA, await toClientTypes(text));
    if (process.argv.includes('--release')) await writeFile(RELEASED, `${withoutTexts(text)}\n`);
  }
  await rm(folder, { recursive: true });
  return code;
});
