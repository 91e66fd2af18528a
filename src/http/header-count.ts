import type { IncomingMessage } from 'node:http';

/** Counts how often a request has a header. `headers` does not show it, because Node keeps the first or joins them. */
export function countHeader({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i];
    if (raw?.length === name.length && raw.toLowerCase() === name) count += 1;
  }
  return count;
}
