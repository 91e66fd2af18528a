// What can be checked by reading, all at once. npm test begins with it; npm runs it, and so knows where npm is.
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
