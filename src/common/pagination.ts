import { idFromBytes, idToHex } from './id.js';

/** One page of a list. `nextCursor` is `null` on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface PageRequest {
  readonly limit: number;
  /** The ID of the last item of the previous page. */
  readonly after?: string | undefined;
}

/** Returns the opaque cursor of an ID: the UUID's 16 bytes in base64url, always 22 characters. */
export function encodeCursor(id: string): string {
  return Buffer.from(idToHex(id), 'hex').toString('base64url');
}

/** Returns the ID in a cursor, or `null` if the cursor is malformed. */
export function decodeCursor(cursor: string): string | null {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== 16 || bytes.toString('base64url') !== cursor) return null;
  return idFromBytes(bytes);
}

/**
 * Returns a page of at most `limit` rows. Read one row more than that: the extra row shows that another page follows, so
 * that no `count(*)` is needed.
 */
export function toPage<T extends { readonly id: string }>(rows: readonly T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor(last.id) : null };
}
