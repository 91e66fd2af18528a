// One thread that does nothing but bcrypt, to compare with.
import { parentPort, workerData } from 'node:worker_threads';
import bcrypt from 'bcrypt';

const { cost, duration } = /** @type {{ cost: number, duration: number }} */ (workerData);
const salt = bcrypt.genSaltSync(cost);
const start = performance.now();
let hashes = 0;
while (performance.now() - start < duration) {
  bcrypt.hashSync('seven lanterns at dusk', salt);
  hashes += 1;
}
parentPort?.postMessage((hashes / (performance.now() - start)) * 1_000);
