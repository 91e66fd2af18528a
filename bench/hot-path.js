// What each step of the hot path is worth: Gatehouse as it is, and with one step taken back at a time, driven in turns.
import { compare } from './guarded-request.js';
import { CONTENDERS } from './guarded-request/contenders.js';
import { LoadGenerator } from './guarded-request/load.js';
import { summarize } from './guarded-request/summary.js';
import { applicationServer } from './support/application.js';

const OPTIONS = { sessions: 100_000, rounds: 3, seconds: 4, connections: 64, only: [], out: '' };
const ENV = { DB_POOL_MAX: '10', LOG_LEVEL: 'warn', PRUNE_INTERVAL: '0s' };
const PRELOAD = ['--import', './bench/hot-path/without.js'];

/** @type {readonly [what: string, env: Record<string, string>][]} */
const VARIANTS = [
  ['Express gives the prototypes', { WITHOUT: 'prototypes' }],
  ['every token is verified', { WITHOUT: 'memo' }],
  ['… with the secret as text', { WITHOUT: 'key object' }],
  ['a lookup for each request', { WITHOUT: 'gathering' }],
  ['lookups are not prepared', { DB_PREPARED_STATEMENTS: 'false' }],
  ['Express writes the JSON', { WITHOUT: 'json' }],
  ['… with an ETag', { WITHOUT: 'etag' }],
  ['a line of the log for each request', { LOG_LEVEL: 'info' }],
  ['V8 may take requests for long-lived', { WITHOUT: 'flag' }],
];

/** @param {AbortSignal} signal */
export async function bench(signal) {
  const [gatehouse] = CONTENDERS;
  if (!gatehouse) throw new Error('Gatehouse is missing among the contenders.');
  const variants = VARIANTS.map(([name, env]) => ({
    ...gatehouse,
    name,
    what: name,
    start: (/** @type {number} */ port) => {
      const server = applicationServer({ ...ENV, ...env }, port);
      return { ...server, args: [...PRELOAD, ...server.args] };
    },
  }));
  const contenders = [gatehouse, ...variants];
  const { turns } = await compare(contenders, await LoadGenerator.wrk(), OPTIONS, signal);
  console.table(
    Object.fromEntries(
      summarize(contenders, turns).map(({ name, rps, least, most, p50, p99, ratio }) => [
        name,
        { 'requests/s': rps, least, most, 'p50 ms': p50, 'p99 ms': p99, 'as it is, times': ratio },
      ]),
    ),
  );
}
