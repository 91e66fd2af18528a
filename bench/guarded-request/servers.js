// The processes of the contenders.
import { freePort } from '../../scripts/postgres-client.js';
import { isFree } from '../../scripts/port.js';
import { startServer } from '../support/server.js';

/** @typedef {readonly import('./contenders.js').Contender[]} Contenders */

/** Whose process answers for a contender. @param {Contenders[number]} contender */
const processOf = ({ name, of = name }) => of;

/**
 * Chooses a port for each process.
 *
 * @param {Contenders} contenders
 * @param {number} [first] the others follow it; free ones by default
 * @returns {Promise<ReadonlyMap<string, number>>}
 */
export async function choosePorts(contenders, first) {
  /** @type {Map<string, number>} */
  const ports = new Map();
  for (const name of new Set(contenders.map(processOf))) {
    const port = first === undefined ? await freePort() : first + ports.size;
    if (!(await isFree(port, '127.0.0.1'))) throw new Error(`Port ${port}, meant for ${name}, is taken.`);
    ports.set(name, port);
  }
  return ports;
}

/**
 * Does work while the contenders run.
 *
 * @template T
 * @param {Contenders} contenders @param {ReadonlyMap<string, number>} ports @param {AbortSignal} signal
 * @param {(urls: ReadonlyMap<string, string>) => Promise<T>} work gets the full address of each
 * @returns {Promise<T>}
 */
export async function withServers(contenders, ports, signal, work) {
  /** @type {Map<string, import('../support/server.js').Server>} */
  const servers = new Map();
  try {
    for (const contender of contenders) {
      const name = processOf(contender);
      if (servers.has(name)) continue;
      const port = ports.get(name) ?? 0;
      const { env, ...start } = contender.start(port);
      const options = { name, path: contender.path, port, signal, ...start, env: { PORT: String(port), ...env } };
      servers.set(name, await startServer(options));
    }
    const urlOf = (/** @type {Contenders[number]} */ contender) =>
      `${servers.get(processOf(contender))?.url}${contender.path}`;
    return await work(new Map(contenders.map((contender) => [contender.name, urlOf(contender)])));
  } finally {
    await Promise.all([...servers.values()].map((server) => server.kill()));
  }
}
