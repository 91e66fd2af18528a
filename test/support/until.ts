const INTERVAL = 20;

/**
 * Asks again and again until the answer is true; fails after `timeout` milliseconds. Without one, how long it takes
 * is no claim of the test: a slow machine has plenty. It asks once more after its time, so that a pause of the whole
 * machine is not taken for an answer.
 */
export async function until(what: string, ask: () => boolean | Promise<boolean>, timeout = 20_000): Promise<void> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const isLast = performance.now() > deadline;
    if (await ask()) return;
    if (isLast) throw new Error(`It took longer than ${timeout} ms until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}
