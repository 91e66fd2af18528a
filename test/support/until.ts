const INTERVAL = 20;

/**
 * Asks again and again until the answer is true; fails after `timeout` milliseconds. Without one, how long it takes
 * is no claim of the test: a slow machine has plenty.
 */
export async function until(what: string, ask: () => boolean | Promise<boolean>, timeout = 20_000): Promise<void> {
  const deadline = Date.now() + timeout;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(`It took longer than ${timeout} ms until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}
