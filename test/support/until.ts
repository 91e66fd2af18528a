const INTERVAL_MS = 20;

/**
 * Polls until a condition is true. Checks it once more after the deadline, in case the whole machine has paused.
 *
 * @param what the condition in words, such as `the first request waits`
 * @param timeoutMs a deadline to assert. The default only stops a test that hangs
 * @throws Error after the deadline
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 120_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const isLast = performance.now() > deadline;
    if (await condition()) return;
    if (isLast) throw new Error(`Timed out after ${timeoutMs} ms waiting until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
