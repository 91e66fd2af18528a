import { z } from 'zod';
import { readPrivateKey, readPublicKeys, UnusableKeyError } from '../pem-key.js';
import { secretWeakness } from '../secret-strength.js';

export const requireStrongSecret = (secret: string, context: z.RefinementCtx) => {
  const weakness = secretWeakness(secret);
  if (weakness) context.addIssue(weakness);
};

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
