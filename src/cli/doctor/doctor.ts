import { Logger } from '@nestjs/common';
import { ConfigurationError, readConfig, type Config } from '../../config/env.js';
import { problem, warning, type Finding, type Level } from '../../server/checks/finding.js';
import { checkMachine, checkNode } from '../../server/checks/machine-checks.js';
import { checkSettings } from '../../server/checks/setting-checks.js';
import { inspectDatabase } from './database.check.js';
import { inspectLinks } from './links.check.js';
import { inspectMailServer } from './mail.check.js';
import { inspectPorts } from './port.check.js';
import { inspectRedis } from './redis.check.js';
import { inspectServers } from './servers.check.js';

/** Longer than the timeouts of the checks themselves. */
const TIMEOUT_MS = 30_000;

const NOT_CHECKED =
  'The ports, database, Redis, mail server and links were not checked. Correct the configuration and run this again.';

export interface DoctorOptions {
  readonly json?: boolean;
  /** How many instances share the database. */
  readonly instances?: number;
}

/** Checks the configuration and everything it names. Returns exit code 1 if there is a problem. */
export async function runDoctor({ json = false, instances = 1 }: DoctorOptions): Promise<number> {
  // The checks report what they find.
  Logger.overrideLogger(false);
  const findings = await examine(instances);
  console.log(json ? JSON.stringify(findings, null, 2) : describe(findings));
  return count(findings, 'problem') > 0 ? 1 : 0;
}

async function examine(instances: number): Promise<readonly Finding[]> {
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const problems = error.problems.map((message) => problem('configuration', message));
    return [...problems, warning('skipped', NOT_CHECKED), checkNode(process.versions.node)];
  }
  const inspections: readonly [check: string, inspect: () => Promise<readonly Finding[]>][] = [
    ['port', () => inspectPorts(config)],
    ['database', () => inspectDatabase(config, instances)],
    ['servers', () => inspectServers(config)],
    ['redis', () => inspectRedis(config)],
    ['mail', () => inspectMailServer(config)],
    ['links', () => inspectLinks(config)],
  ];
  const found = await Promise.all(inspections.map(([check, inspect]) => bounded(check, inspect)));
  return [...checkSettings(config), ...checkMachine(config), ...found.flat()];
}

/** Returns a problem if the check fails or takes too long. */
async function bounded(check: string, inspect: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The check did not end within ${TIMEOUT_MS / 1_000} s.`)), TIMEOUT_MS);
  });
  try {
    return await Promise.race([inspect(), timeout]);
  } catch (error) {
    return [problem(check, error instanceof Error ? error.message : 'The check failed.')];
  } finally {
    clearTimeout(timer);
  }
}

/** Returns a line for each finding and one for the result. */
function describe(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(
    ({ level, check, message }) => `${level.padEnd('problem'.length)}  ${check.padEnd(width)}  ${message}`,
  );
  const result = `Problems: ${count(findings, 'problem')}. Warnings: ${count(findings, 'warning')}.`;
  return [...lines, '', result].join('\n');
}

function count(findings: readonly Finding[], level: Level): number {
  return findings.filter((finding) => finding.level === level).length;
}
