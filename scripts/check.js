// Runs all static checks in parallel, as the first step of `npm test`. npm sets `npm_execpath`.
import { runMain, runNode } from './run.js';

const npm = process.env['npm_execpath'] ?? '';

runMain(async () => {
  console.log('Lint, format and types …');
  const codes = await Promise.all(
    ['lint:eslint', 'lint:oxlint', 'format:check', 'typecheck'].map((script) =>
      runNode([npm, 'run', '--silent', script]),
    ),
  );
  return Math.max(...codes);
});
