import { KeyObject } from 'node:crypto';
import { config as loadEnvFile } from 'dotenv';
import { environmentOf } from './environment.js';
import { environmentSchema, settingsOf } from './env.schema.js';
import { parseWorker, WORKER_VARIABLE } from './share.js';
import { FILE_SUFFIX, readVariableFiles, type VariableProblem } from './variable-files.js';

/** Environment variables are invalid or missing. The message lists all of them, without their values. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  /** @param problems such as `PORT must be a whole number from 0 to 65535` */
  constructor(readonly problems: readonly string[]) {
    const lines = problems.map((problem) => `  ${problem}`);
    super(
      ['The configuration is not valid:', ...lines, 'See .env.example for every variable and its default.'].join('\n'),
    );
  }
}

/** All settings. Durations are in milliseconds unless the name says otherwise. */
export type Config = ReturnType<typeof parseEnvironment>;

/**
 * Validates environment variables and returns the frozen settings. An empty variable counts as unset, because Compose
 * files and shells create them. `NAME_FILE` is the path of a file with the value of `NAME`, except for `NODE_ENV`.
 *
 * @throws ConfigurationError with all invalid variables
 */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>) {
  const given = Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
  const schema = environmentSchema(environmentOf(given['NODE_ENV']));
  const files = readVariableFiles(given, fileNames(schema.shape));
  const result = schema.safeParse(files.values);
  if (!result.success || files.problems.length > 0) {
    throw new ConfigurationError(describe(files.problems, result.error?.issues ?? []));
  }
  return deepFreeze(settingsOf(result.data, parseWorker(given[WORKER_VARIABLE])));
}

/**
 * Reads the environment and, outside production, the `.env` file of the working directory, which never overrides a
 * variable that is set. Only this function reads `process.env`.
 *
 * @throws ConfigurationError
 */
export function readConfig(): Config {
  if (process.env['NODE_ENV'] !== 'production') loadEnvFile({ quiet: true });
  return parseEnvironment(process.env);
}

/** Returns all variables but `NODE_ENV`, which other code reads from the environment. */
const fileNames = (shape: object) => Object.keys(shape).filter((name) => name !== 'NODE_ENV');

/** Returns one line per problem. A variable whose file is unusable is not missing as well. */
function describe(
  problems: readonly VariableProblem[],
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
): string[] {
  const unread = new Set(problems.map(({ variable }) => variable));
  const others = issues
    .map(({ path, message }) => ({ variable: String(path[0]), message }))
    .filter(({ variable }) => !unread.has(variable + FILE_SUFFIX));
  return [...new Set([...problems, ...others].map(({ variable, message }) => `${variable} ${message}`))];
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    // Keys are immutable, but cache their details in the object.
    if (typeof child === 'object' && child !== null && !(child instanceof KeyObject)) deepFreeze(child);
  }
  return Object.freeze(value);
}
