import { z } from 'zod';
import { ENCODE_CREDENTIALS, hasBrokenCredentials } from '../url-credentials.js';

/** A URL that matches the pattern, with the credentials that it needs. */
export const url = (protocol: RegExp, example: string) =>
  z.string().superRefine((text, context) => {
    if (!protocol.test(text)) return context.addIssue(`must be a URL such as ${example}`);
    if (hasBrokenCredentials(text)) return context.addIssue(ENCODE_CREDENTIALS);
    if (!URL.canParse(text)) context.addIssue(`must be a URL such as ${example}`);
  });
