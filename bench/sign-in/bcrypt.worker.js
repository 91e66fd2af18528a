// A thread that only hashes with bcrypt.
import { parentPort, workerData } from 'node:worker_threads';
import bcrypt from 'bcrypt';

const { cost, durationMs } = /** @type {{ cost: number, durationMs: number }} */ (workerData);
const salt = bcrypt.genSaltSync(cost);
const start = performance.now();
let hashes = 0;
while (performance.now() - start < durationMs) {
  bcrypt.hashSync('seven lanterns at dusk', salt);
  hashes += 1;
}
parentPort?.postMessage((hashes / (performance.now() - start)) * 1_000);
