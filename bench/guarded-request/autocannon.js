// Does what wrk does, where wrk is missing: the same arguments, the same line of JSON.
//   node autocannon.js <url> <connections> <seconds> <header> <file>
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [url = '', connections = '', seconds = '', header = '', file = ''] = process.argv.slice(2);
// It is in bench/node_modules, and has no types.
const autocannon = createRequire(import.meta.url)('autocannon');

const requests = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((value) => ({ headers: { [header]: value } }));
let clients = 0;
const result = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  // Each connection begins elsewhere: otherwise all would ask for the same one at the same time.
  setupClient: (/** @type {{ setRequests: (requests: object[]) => void }} */ client) => {
    const first = Math.floor((clients++ * requests.length) / Number(connections)) % requests.length;
    client.setRequests([...requests.slice(first), ...requests.slice(0, first)]);
  },
});
console.log(
  JSON.stringify({
    requests: result.requests.total,
    seconds: result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    max: result.latency.max,
    refused: result.non2xx,
    broken: result.errors,
  }),
);
