/** Milliseconds. A mail server that was restarted is back within seconds; one that is ill is not helped by haste. */
const FIRST = 5_000;
const LONGEST = 3_600_000;
/** How far, of itself, a wait is moved at random, so that mails that failed together do not return together. */
const JITTER = 0.2;

/** How long, in milliseconds, a mail that nobody took is tried again. RFC 5321 §4.5.4.1 asks for days, not hours. */
export const GIVE_UP_AFTER = 2 * 86_400_000;

/**
 * How long to wait after a failed attempt, in milliseconds: twice as long each time, from a few seconds to an hour.
 *
 * @param attempts how many there were, from 1
 * @param random from 0 to 1
 */
export function backoff(attempts: number, random = Math.random()): number {
  const wait = Math.min(FIRST * 2 ** (attempts - 1), LONGEST);
  return Math.round(wait * (1 - JITTER + 2 * JITTER * random));
}
