// The limit of every sign-in: bcrypt, and nothing else.
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/**
 * How often all processors together hash a second, with nothing else to do.
 *
 * @param {number} cost @param {number} duration milliseconds
 */
export async function bareBcrypt(cost, duration) {
  const rates = Array.from({ length: availableParallelism() }, async () => {
    const file = new URL('./bare-bcrypt.worker.js', import.meta.url);
    const [rate] = await once(new Worker(file, { workerData: { cost, duration } }), 'message');
    return /** @type {number} */ (rate);
  });
  return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0);
}
