// npm test: what can be checked by reading, all at once, and then what has to run.
import { runMain, runNode } from './run.js';

const CHECKS = [
  ['node_modules/eslint/bin/eslint.js', '.'],
  ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
];
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];

runMain(async () => {
  console.log('Lint, format and types …');
  const codes = await Promise.all(CHECKS.map((check) => runNode(check)));
  return codes.some((code) => code !== 0) ? 1 : runNode(JEST);
});
