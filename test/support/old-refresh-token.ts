import { createHmac, hkdfSync } from 'node:crypto';

/** Returns a refresh token as version 1 had it: version, session ID, counter, HMAC. */
export function issueVersion1(
  secret: Uint8Array,
  { id, refreshSalt }: { readonly id: string; readonly refreshSalt: Buffer },
  counter: number,
): string {
  const head = Buffer.alloc(21);
  head.writeUInt8(1, 0);
  head.write(id.replaceAll('-', ''), 1, 'hex');
  head.writeUInt32BE(counter, 17);
  const key = Buffer.from(hkdfSync('sha256', secret, refreshSalt, 'gatehouse refresh token v1', 32));
  return Buffer.concat([head, createHmac('sha256', key).update(head).digest()]).toString('base64url');
}
