import { readdir } from 'node:fs/promises';
import { sep } from 'node:path';
import { DomainError } from '../../src/common/domain.error.js';

const SRC = new URL('../../src/', import.meta.url);

/** For example `404 not_found`. */
type StatusAndCode = `${number} ${string}`;

export interface ErrorInSource {
  readonly name: string;
  readonly code: string;
  /** The folder below `src`. */
  readonly folder: string;
  readonly statusAndCode: StatusAndCode;
}

/** Loads every file that defines errors, and returns the error classes. */
export async function errorsInSource(): Promise<ErrorInSource[]> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => /(errors?|guard)\.ts$/.test(file));
  const errors = await Promise.all(
    files.map(async (file) => {
      const module = (await import(new URL(file, SRC).href)) as Record<string, unknown>;
      return Object.values(module)
        .filter((value) => typeof value === 'function' && value.prototype instanceof DomainError)
        .map((type) => new (type as new () => DomainError)())
        .map((error) => ({
          name: error.name,
          code: error.code,
          folder: file.split(sep)[0] ?? '',
          statusAndCode: `${error.getStatus()} ${error.code}` as const,
        }));
    }),
  );
  return errors.flat();
}
