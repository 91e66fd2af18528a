import helmet, { type HelmetOptions } from 'helmet';

/** Helmet's headers, names and values in turn. They are the same on every answer, so Helmet is asked for them once. */
export function securityHeaders(options: HelmetOptions): string[] {
  const headers: string[] = [];
  const recorder = { setHeader: (...header: string[]) => headers.push(...header), removeHeader: () => undefined };
  helmet(options)({} as never, recorder as never, (error?: unknown) => {
    if (error) throw error as Error;
  });
  return headers;
}
