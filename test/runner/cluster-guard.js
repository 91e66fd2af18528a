// node cluster-guard.js <pid> <folder>: stops a PostgreSQL server and deletes its folder when the standard input ends.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';

const [pid = '', folder = ''] = process.argv.slice(2);

process.stdin.resume().on('end', () => {
  // A run that ended normally has already deleted the folder.
  if (!existsSync(folder)) return;
  process.kill(Number(pid), 'SIGQUIT');
  void rm(folder, { recursive: true, force: true, maxRetries: 50 });
});
