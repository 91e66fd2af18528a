// node cluster-guard.js <pid> <folder>: stops a PostgreSQL server and deletes its folder when the standard input ends.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isAlive } from '../../scripts/postgres-lock.js';

const pid = Number(process.argv[2]);
const folder = String(process.argv[3]);

process.stdin.resume().on('end', async () => {
  // A run that ended by itself has deleted the folder already.
  if (!existsSync(folder)) return;
  process.kill(pid, 'SIGINT');
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 100));
  await rm(folder, { recursive: true, force: true });
});
