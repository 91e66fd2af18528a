import { idFromBytes, idToHex } from './id.js';

/** One page of a list. `nextCursor` is null on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** Which page is asked for: at most `limit` items that come after the item `after`. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
}

/** The opaque cursor for an id: the UUID's 16 bytes in base64url, always 22 characters. */
export function encodeCursor(id: string): string {
  return Buffer.from(idToHex(id), 'hex').toString('base64url');
}

/** The id behind a cursor, or null if it is not one of ours. */
export function decodeCursor(cursor: string): string | null {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== 16 || bytes.toString('base64url') !== cursor) return null;
  return idFromBytes(bytes);
}

/**
 * Makes a page from rows that were read with a limit one higher than asked: the extra row only tells that
 * there is more, so a page never costs a `count(*)`.
 */
export function toPage<T extends { readonly id: string }>(rows: readonly T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor(last.id) : null };
}
