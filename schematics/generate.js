// npm run generate: asks for the arguments of `npx nest generate resource`.
import { createInterface } from 'node:readline';
import { parseFields } from './resource/fields.js';
import { parseName } from './resource/names.js';
import { runSchematic } from './run.js';

/** @type {Readonly<Record<string, string>>} */
const SCHEMATICS = { 1: 'resource', 2: 'admin-resource', 3: 'public-resource' };

const QUESTIONS = {
  name: 'Name, a plural such as purchase-orders: ',
  access: 'Access? 1: users to their own rows, 2: admins only, 3: everyone reads and admins change (default 1): ',
  field: 'Field, such as title:string:120 (leave empty to finish): ',
};

/**
 * Asks until every answer is valid, and creates the module. Writes no file if the input ends early.
 *
 * @param {NodeJS.ReadableStream} input @param {NodeJS.WritableStream} output
 * @param {string} [root] the folder of the application
 * @returns {Promise<number>} the exit code
 */
export async function generate(input, output, root) {
  const lines = createInterface({ input, output });
  // The iterator also keeps lines that arrive before their question.
  const answers = lines[Symbol.asyncIterator]();
  /**
   * @template T
   * @param {string} question @param {(answer: string) => T} parse throws for an invalid answer
   * @returns {Promise<T>}
   */
  const ask = async (question, parse) => {
    for (;;) {
      lines.setPrompt(question);
      lines.prompt();
      const { value, done } = await answers.next();
      if (done) throw new Error('\nThe input ended early. No file was written.');
      try {
        return parse(value.trim());
      } catch (error) {
        output.write(`${messageOf(error)}\n`);
      }
    }
  };
  try {
    const names = await ask(QUESTIONS.name, parseName);
    const schematic = await ask(QUESTIONS.access, parseAccess);
    const fields = [await ask(QUESTIONS.field, (answer) => parseFields(answer, names) && answer)];
    for (let field = fields[0]; field;) {
      field = await ask(
        QUESTIONS.field,
        (answer) => answer && parseFields([...fields, answer].join(), names) && answer,
      );
      if (field) fields.push(field);
    }
    const files = await runSchematic(schematic, { name: names.folder, path: fields.join() }, root).catch((error) => {
      const retry = `npx nest generate ${schematic} <name> '${fields.join()}'`;
      throw new Error(`${messageOf(error)}\nTry another name: ${retry}`);
    });
    output.write(`${files.join('\n')}\nNext: npm run migration:run && npm test\n`);
    return 0;
  } catch (error) {
    output.write(`${messageOf(error)}\n`);
    return 1;
  } finally {
    lines.close();
  }
}

/** @param {string} answer */
function parseAccess(answer) {
  const schematic = SCHEMATICS[answer || '1'];
  if (schematic === undefined) throw new Error('Answer 1, 2 or 3.');
  return schematic;
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

if (process.argv[1] === import.meta.filename) process.exitCode = await generate(process.stdin, process.stdout);
