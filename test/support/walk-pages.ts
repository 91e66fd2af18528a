import type { TestApp } from './test-app.js';

/** Reads all pages of a list. Runs `between` after each page except the last one. */
export async function walkPages(
  app: TestApp,
  accessToken: string,
  path: string,
  query: Readonly<Record<string, string | number>> = {},
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<{ items: { id: string; email: string; userId: string }[]; pages: number[] }> {
  const items = [];
  const pages = [];
  let cursor: string | null = null;
  do {
    const page: Record<string, string | number> = cursor === null ? query : { ...query, cursor };
    const { body } = await app.as(accessToken).get(path).query(page).expect(200);
    items.push(...body.items);
    pages.push(body.items.length as number);
    cursor = body.nextCursor;
    if (cursor !== null) await between();
  } while (cursor !== null);
  return { items, pages };
}
