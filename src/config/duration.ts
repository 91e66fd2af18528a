const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/**
 * Reads a duration with its unit: `500ms`, `10s`, `15m`, `12h`, `30d`. A bare number says nothing of its unit
 * and is refused.
 *
 * @returns milliseconds, or null if the text is not a duration
 */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|[smhd])$/.exec(text.trim());
  if (!match) return null;
  const amount = Number(match[1]);
  const unit = match[2] as 'ms' | keyof typeof SECONDS;
  return unit === 'ms' ? amount : amount * SECONDS[unit] * 1_000;
}
