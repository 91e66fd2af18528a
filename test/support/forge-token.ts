import { createHmac } from 'node:crypto';
import { TEST_SECRET } from './test-app.js';

type Fields = Readonly<Record<string, unknown>>;

/** Changes to a genuine token. A field that is `undefined` is omitted. */
export interface Forgery {
  readonly header?: Fields;
  readonly claims?: Fields;
  /** Signs the text before the last dot. By default with HS256 and the test secret. */
  readonly sign?: (text: string) => Buffer;
}

export const hmac = (algorithm: 'sha256' | 'sha384' | 'sha512', secret: string | Buffer) => (text: string) =>
  createHmac(algorithm, secret).update(text).digest();

/** Builds a JWT from a genuine one. Works without a library, because libraries do not sign invalid tokens. */
export function forgeToken(genuine: string, { header, claims, sign = hmac('sha256', TEST_SECRET) }: Forgery): string {
  const token = decodeToken(genuine);
  const text = `${encode({ ...token.header, ...header })}.${encode({ ...token.claims, ...claims })}`;
  return `${text}.${sign(text).toString('base64url')}`;
}

/** Decodes a JWT without verifying it. */
export function decodeToken(token: string): { header: Fields; claims: Fields } {
  const [header = '', claims = ''] = token.split('.');
  return { header: decode(header), claims: decode(claims) };
}

const encode = (fields: Fields): string => Buffer.from(JSON.stringify(fields)).toString('base64url');

const decode = (part: string): Fields => JSON.parse(Buffer.from(part, 'base64url').toString()) as Fields;
