import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';

/** `JWT_SECRET_FILE` contains the path of a file with the value of `JWT_SECRET`. Docker and Kubernetes mount secrets so. */
export const FILE_SUFFIX = '_FILE';
/** Longer than any list of keys. */
const MAX_FILE_BYTES = 65_536;

/** An invalid variable. The message follows its name and contains no value. */
export interface VariableProblem {
  readonly variable: string;
  readonly message: string;
}

type Variables = Readonly<Record<string, string>>;

/** Reads the files of all `NAME_FILE` variables. Returns the variables with these values, and why some have none. */
export function readVariableFiles(
  given: Variables,
  names: readonly string[],
): { values: Variables; problems: VariableProblem[] } {
  const values: Record<string, string> = { ...given };
  const problems: VariableProblem[] = [];
  for (const name of names) {
    const variable = name + FILE_SUFFIX;
    const path = given[variable];
    if (path === undefined) continue;
    try {
      if (given[name] !== undefined) throw new UnusableFileError(`must not be set together with ${name}`);
      values[name] = readValue(path);
    } catch (error) {
      if (!(error instanceof UnusableFileError)) throw error;
      problems.push({ variable, message: error.message });
    }
  }
  return { values, problems };
}

class UnusableFileError extends Error {}

/** Returns the text of a file without line breaks at its end, because editors and `echo` add one. */
function readValue(path: string): string {
  // Other files, such as pipes, could block the start, and each worker reads the file again.
  if (!isFile(path)) throw new UnusableFileError(`names ${describePath(path)}, which is not a file`);
  const text = decode(readBytes(path), path).replace(/[\r\n]+$/, '');
  if (text === '') throw new UnusableFileError(`names ${describePath(path)}, which is empty`);
  return text;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readBytes(path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= MAX_FILE_BYTES) return bytes;
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new UnusableFileError(`names ${describePath(path)}, which is larger than ${MAX_FILE_BYTES} bytes`);
}

/** Removes a byte order mark. */
function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UnusableFileError(`names ${describePath(path)}, which is not UTF-8 text`);
  }
}

function unreadable(path: string, error: unknown): UnusableFileError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return new UnusableFileError(`names ${describePath(path)}, which is not readable (${code})`);
}

/**
 * Omits what may be a secret: someone may have set the value itself instead of a path. One in 64 Base64 texts starts with
 * a slash, so the root does not count as an existing folder.
 */
function describePath(path: string): string {
  const folder = dirname(path);
  return isAbsolute(path) && !/^\/*$/.test(folder) && existsSync(folder) ? path : 'a file';
}
