/** What stands in a line of a file, or why it cannot be read. Of a record of several lines, the first one counts. */
export type FileRecord =
  { readonly line: number; readonly fields: object } | { readonly line: number; readonly fault: string };

/** The fault of a line that no user needs. */
export const TOO_LONG = 'is far too long for one user';
