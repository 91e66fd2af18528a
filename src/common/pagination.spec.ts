import { newId } from './id.js';
import { decodeCursor, encodeCursor, toPage } from './pagination.js';

const rows = (count: number) => Array.from({ length: count }, () => ({ id: newId() }));

describe('a cursor', () => {
  it('decodes to the ID that was encoded', () => {
    const id = newId();
    expect(decodeCursor(encodeCursor(id))).toBe(id);
  });

  it('has 22 characters that need no escaping in a URL', () => {
    expect(encodeCursor(newId())).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it.each([
    ['no characters', ''],
    ['too few bytes', Buffer.alloc(15).toString('base64url')],
    ['too many bytes', Buffer.alloc(17).toString('base64url')],
    ['padding', `${Buffer.alloc(16).toString('base64url')}==`],
    ['the alphabet of plain base64', Buffer.alloc(16, 255).toString('base64')],
    ['whitespace', ` ${Buffer.alloc(16).toString('base64url')}`],
    ['stray bits in the last character', `${Buffer.alloc(16).toString('base64url').slice(0, -1)}B`],
    ['the text of a UUID', newId()],
  ])('is rejected with %s', (_, text) => {
    expect(decodeCursor(text)).toBeNull();
  });
});

describe('a page', () => {
  it('is the last one if it contains all rows', () => {
    const all = rows(3);
    expect(toPage(all, 3)).toEqual({ items: all, nextCursor: null });
  });

  it('is the last one if there are no rows', () => {
    expect(toPage([], 3)).toEqual({ items: [], nextCursor: null });
  });

  it('omits the extra row and continues after its own last row', () => {
    const all = rows(4);
    const page = toPage(all, 3);
    expect(page.items).toEqual(all.slice(0, 3));
    expect(decodeCursor(page.nextCursor ?? '')).toBe(all[2]?.id);
  });
});
