import { v7 } from 'uuid';

/**
 * Returns a new UUID version 7 (RFC 9562 §5.7). It starts with the time, so IDs sort by age, new rows are added at the
 * end of an index, and keyset pagination needs no other column.
 */
export const newId = (): string => v7();

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Returns whether a value is a UUID of any version, in lower case, because IDs are compared as text. */
export const isId = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);

/** Returns the 16 bytes of a UUID in hexadecimal. */
export const idToHex = (id: string): string => id.replaceAll('-', '');

/** Returns the UUID with these 16 bytes. */
export const idFromBytes = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** Returns a lower bound for the IDs created at or after a time, accurate to the millisecond. */
export function lowestId(time: Date): string {
  const milliseconds = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return idFromBytes(Buffer.from(milliseconds.padEnd(32, '0'), 'hex'));
}
