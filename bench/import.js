// users:import of 100,000 users with their hashes: how many a second, in how much memory.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { withDatabase } from './support/database.js';

const USERS = 100_000;
const LOOK_INTERVAL = 100;

/** @param {AbortSignal} signal */
export async function bench(signal) {
  process.env['NODE_ENV'] = 'production';
  process.env['JWT_SECRET'] = randomBytes(48).toString('base64');
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-import-'));
  try {
    await withDatabase(async () => {
      for (const [name, toLine] of Object.entries(FORMATS)) {
        const file = join(folder, name);
        await write(file, toLine);
        await measure(file, signal);
      }
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @type {Record<string, (user: Record<string, string>) => string>} a name for each, so that all addresses are new */
const FORMATS = {
  'plain.csv': ({ email, name, passwordHash }) => `plain-${email},${name},user,${passwordHash}`,
  'quoted.csv': ({ email, name, passwordHash }) => `"quoted-${email}","${name}","user","${passwordHash}"`,
  'objects.ndjson': ({ email, ...user }) => JSON.stringify({ email: `object-${email}`, ...user }),
};

/** @param {string} file @param {(user: Record<string, string>) => string} toLine */
async function write(file, toLine) {
  const stream = createWriteStream(file);
  if (file.endsWith('.csv')) stream.write('email,name,role,passwordHash\n');
  for (let index = 0; index < USERS; index += 1) {
    const digits = randomBytes(42).toString('base64').replace(/[+=]/g, '.').slice(0, 53);
    const user = { email: `${index}@example.com`, name: `Müller ${index}`, passwordHash: `$2y$10$${digits}` };
    if (!stream.write(`${toLine(user)}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
}

/** @param {string} file @param {AbortSignal} signal */
async function measure(file, signal) {
  const start = performance.now();
  const child = spawn(process.execPath, ['dist/src/cli/cli.js', 'users:import', file], {
    stdio: ['ignore', 'pipe', 2],
    signal,
  });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  let memory = 0;
  const looking = setInterval(async () => (memory = Math.max(memory, await peakOf(child.pid))), LOOK_INTERVAL);
  await once(child, 'close').finally(() => clearInterval(looking));
  const seconds = (performance.now() - start) / 1_000;
  const megabytes = (await stat(file)).size / 1e6;
  console.log(
    `${file.split('/').at(-1)} (${megabytes.toFixed(0)} MB): ${output.trim()} ${seconds.toFixed(1)} s with the start, ` +
      `${Math.round(USERS / seconds)} users a second, at most ${memory.toFixed(0)} MB of memory`,
  );
}

/** The most memory that a process ever had, in megabytes; 0 where the system does not say. @param {number | undefined} pid */
async function peakOf(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024;
}
