import { z } from 'zod';
import type { Environment } from '../environment.js';
import { readPrivateKey, readPublicKeys, UnusableKeyError } from '../pem-key.js';
import { secretWeakness } from '../secret-strength.js';
import { list } from './text.parsers.js';

/** A secret, which must be strong in production. */
export const secret = (environment: Environment) =>
  z.string().superRefine((value, context) => assertStrong([value], environment, context));

/** Secrets separated by commas, which must be strong in production. */
export const secrets = (environment: Environment) =>
  list.superRefine((values, context) => assertStrong(values, environment, context));

function assertStrong(values: readonly string[], environment: Environment, context: z.RefinementCtx): void {
  if (environment !== 'production') return;
  for (const value of values) {
    const weakness = secretWeakness(value);
    if (weakness) context.addIssue(weakness);
  }
}

const keys = <T>(read: (value: string) => T) =>
  z.string().transform((value, context) => {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof UnusableKeyError)) throw error;
      context.addIssue(error.message);
      return z.NEVER;
    }
  });

export const privateKey = keys(readPrivateKey);

export const publicKeys = keys(readPublicKeys).default([]);
