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

/** Generates a private key and writes it to standard output, or to a new file that only its owner can read. */
export async function generateKey({ algorithm, out }: GenerateOptions): Promise<void> {
  const privateKey = await newPrivateKey(algorithm);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  if (out === undefined) console.log(pem.toString().trimEnd());
  else await writeNew(out, pem);
  // Not to standard output, because that may be redirected to the key file.
  console.error(`${algorithm} key ${keyPair(privateKey).id}${out === undefined ? '' : ` in ${out}`}`);
}

/** Lists the ID, algorithm and use of each configured key. Prints no key material. */
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
      // The strength of P-256 (NIST SP 800-57 part 1, table 2).
      return (await generate('rsa', { modulusLength: 3_072 })).privateKey;
  }
}

async function writeNew(file: string, text: string | Buffer): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new CommandError(
      code === 'EEXIST' ? `${file} already exists and was not changed.` : `Cannot write ${file} (${code}).`,
    );
  }
}
