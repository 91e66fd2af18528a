import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Config } from '../../config/env.js';
import { ok, orOk, problem, warnIf, type Finding } from './finding.js';
import { countOf } from '../../common/plural.js';

/** The oldest version of Node.js, as in `engines` of package.json. */
export const MIN_NODE = '20.19';
/** Files and pipes in addition to the connections of clients and those to the database. */
const OTHER_FILES = 1_000;

/** Checks Node.js, the limit of open files and that of processors. Uses no network. */
export function checkMachine({ http, database, worker, workers }: Config): Finding[] {
  // The configuration of a worker contains its share.
  const connections = worker ? http.maxConnections : http.maxConnections / workers;
  return [
    checkNode(process.versions.node),
    ...checkOpenFiles(openFilesLimit(), Math.ceil(connections) + database.poolMax + OTHER_FILES),
    ...checkProcessors(processorLimit(), availableParallelism()),
  ];
}

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldMajor = 0, oldMinor = 0] = MIN_NODE.split('.').map(Number);
  return major > oldMajor || (major === oldMajor && minor >= oldMinor)
    ? ok('node', `Node.js ${version}`)
    : problem('node', `Node.js ${version} is too old. Install ${MIN_NODE} or later.`);
}

/** @param limit null if it is unknown */
export function checkOpenFiles(limit: number | null, needed: number): readonly Finding[] {
  const check = 'open files';
  const findings = warnIf(
    limit !== null && limit < needed,
    check,
    `A process may open ${limit} files, but MAX_CONNECTIONS and DB_POOL_MAX need up to ${needed}. Raise the limit (ulimit ` +
      `-n, LimitNOFILE of systemd), or lower MAX_CONNECTIONS.`,
  );
  return orOk(findings, check, `A process may open ${limit ?? 'enough'} files`);
}

/** @param limit null without a limit */
export function checkProcessors(limit: number | null, threads: number): readonly Finding[] {
  const check = 'processors';
  const findings = warnIf(
    limit !== null && limit < threads,
    check,
    `The container may use ${countOf(limit ?? 0, 'processors')}, but ${threads} threads hash passwords. A flood of sign-ins then slows down ` +
      `all requests. Pin the container to processors (--cpuset-cpus, taskset).`,
  );
  return orOk(findings, check, `${countOf(threads, 'threads')} to hash passwords`);
}

/** Returns the soft limit, which Node.js has raised to the hard limit. Null if it is unknown, as outside Linux. */
function openFilesLimit(): number | null {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(read('/proc/self/limits'))?.[1];
  if (limit === undefined) return null;
  return limit === 'unlimited' ? Infinity : Number(limit);
}

/** Returns the limit of the control group (version 2 or 1), which Node.js may not know. Null without one. */
function processorLimit(): number | null {
  const [quota, period] = read('/sys/fs/cgroup/cpu.max').split(' ').map(Number);
  if (quota && period) return quota / period;
  const old = ['quota', 'period'].map((name) => Number(read(`/sys/fs/cgroup/cpu/cpu.cfs_${name}_us`)));
  const [oldQuota = 0, oldPeriod = 0] = old;
  return oldQuota > 0 && oldPeriod > 0 ? oldQuota / oldPeriod : null;
}

/** Returns the text of a file, or an empty string if there is none. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
