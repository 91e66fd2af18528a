/** Returns a request target without its query. */
export function withoutQuery(target: string): string {
  return target.split('?', 1)[0] ?? '';
}
