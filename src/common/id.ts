import { v7 } from 'uuid';

/**
 * A new identifier: a UUID version 7 (RFC 9562 §5.7). It begins with the time, so ids sort by age,
 * new rows land at the end of their index, and keyset pagination needs no other column.
 */
export const newId = (): string => v7();

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a value is a UUID of any version, in the lower case in which ids are compared. */
export const isId = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);

/** The 16 bytes of a UUID, in hexadecimal. */
export const idToHex = (id: string): string => id.replaceAll('-', '');

/** The UUID of 16 bytes. */
export const idFromBytes = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** The lowest of all ids of version 7 that are made at a time, to the millisecond: no earlier one is greater. */
export function lowestId(time: Date): string {
  const milliseconds = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return idFromBytes(Buffer.from(milliseconds.padEnd(32, '0'), 'hex'));
}
