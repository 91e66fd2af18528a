import { ESLint } from 'eslint';

const SERVICE = 'src/users/users.service.ts';
const readsEnvironment = 'export const port = process.env;\n';
const throwsHttp =
  "import { NotFoundException } from '@nestjs/common';\n\nexport const error = new NotFoundException();\n";
const evaluates = 'export const run = (text: string): unknown => eval(text);\n';
const makesFunction = 'export const run = (text: string) => new Function(text);\n';
const makesExpression = 'export const find = (text: string) => new RegExp(text);\n';
const lines = (count: number) => 'export {};\n'.repeat(count);

/** The rules that a text violates in a file. */
const CASES: [what: string, file: string, text: string, rules: string[]][] = [
  ['a service may not read the environment', SERVICE, readsEnvironment, ['no-restricted-properties']],
  ['src/config/env.ts may', 'src/config/env.ts', readsEnvironment, []],
  ['a service may not throw HTTP exceptions', SERVICE, throwsHttp, ['no-restricted-imports']],
  ['a guard may', 'src/auth/jwt-auth.guard.ts', throwsHttp, []],
  ['eval is forbidden', SERVICE, evaluates, ['no-eval']],
  ['new Function is forbidden', SERVICE, makesFunction, ['no-new-func']],
  ['RegExp from a variable is forbidden', SERVICE, makesExpression, ['no-restricted-syntax']],
  ['a source file may not have more than 200 lines', SERVICE, lines(201), ['max-lines']],
  ['200 lines are allowed', SERVICE, lines(200), []],
];

describe('the lint rules', () => {
  const linter = new ESLint();

  it.each(CASES)('%s', async (_, filePath, text, rules) => {
    const results = await linter.lintText(text, { filePath });
    expect(results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId))).toEqual(rules);
  });
});
