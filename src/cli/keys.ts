import { generateKeyPair, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { keyPair } from '../auth/tokens/token-key.js';
import { KeyRing } from '../auth/tokens/key-ring.js';
import { readConfig } from '../config/env.js';
import type { SignatureAlgorithm } from '../config/pem-key.js';
import { CommandError } from './errors.js';

export interface GenerateOptions {
  readonly algorithm: SignatureAlgorithm;
  readonly out?: string;
}

const generate = promisify(generateKeyPair);

/** Draws a private key, and writes it to a file that only its owner reads, or to the standard output. */
export async function generateKey({ algorithm, out }: GenerateOptions): Promise<void> {
  const privateKey = await newPrivateKey(algorithm);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  if (out === undefined) process.stdout.write(pem);
  else await writeNew(out, pem);
  // The standard output may be on its way into a file.
  console.error(`${algorithm} key ${keyPair(privateKey).id}${out === undefined ? '' : ` in ${out}`}`);
}

/** Shows the configured keys of access tokens: nothing of them but what their tokens say. */
export function listKeys(): void {
  const { all, current } = new KeyRing(readConfig());
  const width = Math.max(...all.map(({ id }) => id.length));
  for (const { id, algorithm } of all) {
    console.log(`${id.padEnd(width)}  ${algorithm}  ${id === current.id ? 'signs and verifies' : 'verifies'}`);
  }
}

async function newPrivateKey(algorithm: SignatureAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case 'ES256':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey;
    case 'RS256':
      // As strong as P-256 is (NIST SP 800-57 part 1, table 2).
      return (await generate('rsa', { modulusLength: 3_072 })).privateKey;
  }
}

async function writeNew(file: string, text: string | Buffer): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new CommandError(
      code === 'EEXIST' ? `${file} is there already, and is left as it is.` : `${file} cannot be written (${code}).`,
    );
  }
}
