import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../../scripts/postgres.js';

/** Stores its port. Fails at its first start, and pretends to run at the next one. */
const POSTGRES = `#!/bin/sh
echo "$4" >> ../ports
if [ "$(wc -l < ../ports)" -eq 1 ]; then echo 'could not bind IPv4 address' >&2; exit 1; fi
echo 'ready to accept connections' >&2
exec sleep 300`;

it('PostgreSQL starts on another port if another process has taken the free one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-ports-'));
  // PostgreSQL may run as another user.
  await chmod(folder, 0o777);
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data', 'PG_VERSION'), '18');
  await writeFile(join(folder, 'postgres'), POSTGRES, { mode: 0o755 });
  try {
    const started = startCluster({ folder: join(folder, 'data'), password: 'none' }, { bin: folder });
    await expect(started).rejects.toThrow('ECONNREFUSED');
    const ports = (await readFile(join(folder, 'ports'), 'utf8')).trim().split('\n');
    expect([ports.length, new Set(ports).size]).toEqual([2, 2]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
