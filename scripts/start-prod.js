// npm run start:prod: starts the build in production mode, in every shell.
import { existsSync } from 'node:fs';

const MAIN = new URL('../dist/src/main.js', import.meta.url);

if (existsSync(MAIN)) {
  process.env['NODE_ENV'] = 'production';
  await import(MAIN.href);
} else {
  console.error('There is no build. Run this first: npm run build');
  process.exitCode = 1;
}
