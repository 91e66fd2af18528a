import { newId } from './id.js';
import { decodeCursor, encodeCursor, toPage } from './pagination.js';

const rows = (count: number) => Array.from({ length: count }, () => ({ id: newId() }));

describe('a cursor', () => {
  it('gives back the id that it was made of', () => {
    const id = newId();
    expect(decodeCursor(encodeCursor(id))).toBe(id);
  });

  it('has 22 characters that a URL takes as they are', () => {
    expect(encodeCursor(newId())).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it.each([
    ['nothing', ''],
    ['too few bytes', Buffer.alloc(15).toString('base64url')],
    ['too many bytes', Buffer.alloc(17).toString('base64url')],
    ['padding', `${Buffer.alloc(16).toString('base64url')}==`],
    ['the other alphabet', Buffer.alloc(16, 255).toString('base64')],
    ['white space', ` ${Buffer.alloc(16).toString('base64url')}`],
    ['stray bits in the last character', `${Buffer.alloc(16).toString('base64url').slice(0, -1)}B`],
    ['an id', newId()],
  ])('is refused with %s', (_, text) => {
    expect(decodeCursor(text)).toBeNull();
  });
});

describe('a page', () => {
  it('of all rows is the last one', () => {
    const all = rows(3);
    expect(toPage(all, 3)).toEqual({ items: all, nextCursor: null });
  });

  it('without rows is the last one', () => {
    expect(toPage([], 3)).toEqual({ items: [], nextCursor: null });
  });

  it('leaves out the row that only tells of more, and continues after its own last', () => {
    const all = rows(4);
    const page = toPage(all, 3);
    expect(page.items).toEqual(all.slice(0, 3));
    expect(decodeCursor(page.nextCursor ?? '')).toBe(all[2]?.id);
  });
});
