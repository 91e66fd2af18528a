import type { Logger } from 'pino';
import type { Config } from '../../config/env.js';
import { configurationWarnings } from '../../config/warnings.js';
import type { HealthRepository } from '../../health/health.repository.js';
import type { Database } from '../../platform/database/database.js';
import { checkDatabase, checkMigrations, checkRights } from './database-checks.js';
import { readDatabaseFacts, tablesWithoutRights } from './database-facts.repository.js';
import type { Finding } from './finding.js';
import { checkMachine } from './machine-checks.js';
import { checkSettings } from './setting-checks.js';

/** Logs warnings about the settings and, in production, about the machine. Uses no network. */
export function logStartChecks(config: Config, logger: Logger): void {
  if (config.environment === 'production') logFindings([...checkSettings(config), ...checkMachine(config)], logger);
  else for (const message of configurationWarnings(config)) logger.warn(message);
}

/**
 * Logs warnings about the database, its role and pending migrations, in production and after the start. The start does
 * not need the database, so an outage is no failure here. Of several workers, only the first one asks.
 */
export async function logDatabaseChecks(
  database: Database,
  health: HealthRepository,
  config: Config,
  logger: Logger,
): Promise<void> {
  if (config.environment !== 'production' || (config.worker?.number ?? 1) > 1) return;
  try {
    const findings = await database.run(async (manager) => {
      const facts = await readDatabaseFacts(manager);
      return [
        ...checkDatabase(facts, config),
        ...checkRights(facts, await tablesWithoutRights(manager)),
        ...checkMigrations(await health.pendingMigrations(manager), []),
      ];
    });
    logFindings(findings, logger);
  } catch (error) {
    // `Database` logs outages.
    logger.debug({ err: error }, 'Failed to check the database.');
  }
}

function logFindings(findings: readonly Finding[], logger: Logger): void {
  for (const { level, message } of findings) if (level !== 'ok') logger.warn(message);
}
