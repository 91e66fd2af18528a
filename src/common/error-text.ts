/**
 * Returns an unexpected error as text: its stack and those of its causes. Omits other properties, because they may
 * contain secrets: the parameters of a statement, or the URL that is invalid.
 */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : 'Unknown error';
  const parts = [error.stack ?? error.message];
  if (error instanceof AggregateError) parts.push(...error.errors.map(errorText));
  if (error.cause !== undefined) parts.push(`Caused by: ${errorText(error.cause)}`);
  return parts.join('\n');
}
