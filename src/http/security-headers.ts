import helmet, { type HelmetOptions } from 'helmet';

/** Returns Helmet's headers as alternating names and values. They are constant, so Helmet runs only once. */
export function securityHeaders(options: HelmetOptions): string[] {
  const headers: string[] = [];
  const recorder = { setHeader: (...header: string[]) => headers.push(...header), removeHeader: () => undefined };
  helmet(options)({} as never, recorder as never, (error?: unknown) => {
    if (error) throw error as Error;
  });
  return headers;
}
