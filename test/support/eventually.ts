/** Waits until an expectation holds, at most this many milliseconds; then its own failure is the test's. */
export async function eventually(expectation: () => Promise<void>, within = 10_000): Promise<void> {
  const deadline = Date.now() + within;
  for (;;) {
    try {
      await expectation();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
