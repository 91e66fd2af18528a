// Reads [[file, text], …] from the standard input, and writes the rules that each text breaks, as if it were the file.
import { json } from 'node:stream/consumers';
import { ESLint } from 'eslint';

const linter = new ESLint({ overrideConfigFile: 'test/architecture/untyped.eslint.config.js' });
const broken = [];
for (const [filePath, text] of /** @type {[string, string][]} */ (await json(process.stdin))) {
  const results = await linter.lintText(text, { filePath });
  broken.push(results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId)));
}
process.stdout.write(JSON.stringify(broken));
