// npm run client:generators: generates clients from the OpenAPI document with five public generators, compiles them with
// `strict`, and prints a table. Installs the generators from the registry into a temporary folder.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from './build.js';
import { useGeneratedSecret } from './environment.js';
import { runMain, runNode } from './run.js';

/** The arguments of each generator: its package and command, and how it gets the document and the output. */
const GENERATORS = /** @type {const} */ ([
  ['openapi-typescript', '7.13.0', 'openapi-typescript', 'DOCUMENT -o OUT/schema.ts'],
  ['@hey-api/openapi-ts', '0.95.0', 'openapi-ts', '-i DOCUMENT -o OUT -c @hey-api/client-fetch'],
  ['orval', '7.13.2', 'orval', '--input DOCUMENT --output OUT/api.ts --client fetch'],
  ['swagger-typescript-api', '13.13.0', 'swagger-typescript-api', 'generate -p DOCUMENT -o OUT -n api.ts'],
  ['openapi-zod-client', '1.18.3', 'openapi-zod-client', 'DOCUMENT -o OUT/api.ts --export-schemas'],
]);
/** The compiler, and what generated clients import. */
const LIBRARIES = ['typescript@5.9', '@types/node@24', '@zodios/core@10.9.6', 'axios@1', 'zod@3'];
const COMPILER_OPTIONS = {
  ...{ strict: true, noEmit: true, skipLibCheck: true, types: ['node'] },
  ...{ target: 'ES2022', lib: ['ES2022', 'DOM', 'DOM.Iterable'], module: 'ESNext', moduleResolution: 'Bundler' },
};
const npm = process.env['npm_execpath'] ?? '';

runMain(async () => {
  await ensureBuilt();
  await useGeneratedSecret();
  const folder = await mkdtemp(join(tmpdir(), 'generators-'));
  try {
    const document = join(folder, 'openapi.json');
    const packages = GENERATORS.map(([name, version]) => `${name}@${version}`);
    await writeFile(join(folder, 'package.json'), '{ "private": true }');
    const isReady =
      (await runNode(['dist/src/cli/cli.js', 'openapi:export', document])) === 0 &&
      (await runNode([npm, 'install', '--silent', '--no-audit', '--prefix', folder, ...packages, ...LIBRARIES])) === 0;
    if (!isReady) return 1;
    const rows = [];
    for (const [name, version, command, args] of GENERATORS) {
      const out = join(folder, 'out', command);
      await mkdir(out, { recursive: true });
      const words = args.split(' ').map((word) => word.replace('DOCUMENT', document).replace('OUT', out));
      const isGenerated = (await run(folder, [command, ...words])) === 0;
      const isStrict = isGenerated && (await compile(folder, out)) === 0;
      const result = isStrict ? 'compiles' : isGenerated ? 'does not compile' : 'not generated';
      rows.push({ generator: name, version, lines: await countLines(out), strict: result });
    }
    console.table(rows);
    return rows.every(({ strict }) => strict === 'compiles') ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Runs a command of the temporary folder. @param {string} folder @param {readonly string[]} command */
function run(folder, command) {
  return runNode([npm, 'exec', '--silent', '--offline', '--prefix', folder, '--', ...command], { quiet: true });
}

/** @param {string} folder @param {string} out */
async function compile(folder, out) {
  const config = join(out, 'tsconfig.json');
  await writeFile(config, JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['**/*.ts'] }));
  return run(folder, ['tsc', '-p', config]);
}

/** @param {string} folder */
async function countLines(folder) {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.join('').split('\n').length;
}
