const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/**
 * Parses a duration such as `500ms`, `10s`, `15m`, `12h` or `30d`. The unit is required.
 *
 * @returns milliseconds, or null if the text is invalid
 */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|[smhd])$/.exec(text.trim());
  if (!match) return null;
  const amount = Number(match[1]);
  const unit = match[2] as 'ms' | keyof typeof SECONDS;
  return unit === 'ms' ? amount : amount * SECONDS[unit] * 1_000;
}
