/** Returns a number with its noun, such as `1 user` or `2 users`. */
export function countOf(count: number, plural: string): string {
  return `${count} ${count === 1 ? plural.replace(/s$/, '') : plural}`;
}
