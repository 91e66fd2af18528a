import { FactorBox } from '../../auth/factors/factor-box.js';
import { FactorsRepository } from '../../auth/factors/factors.repository.js';
import { countOf } from '../../common/plural.js';
import type { Config } from '../../config/env.js';
import type { Database } from '../../platform/database/database.js';
import { ok, problem, type Finding } from '../../server/checks/finding.js';

const CHECK = 'factors';
const PAGE_SIZE = 500;

/** Counts the secrets of authenticator apps that no configured key opens. */
export async function inspectFactors(database: Database, config: Config): Promise<readonly Finding[]> {
  const [box, factors] = [new FactorBox(config), new FactorsRepository()];
  return database.run(async (manager) => {
    let [total, unreadable] = [0, 0];
    for (let after: string | null = null; ;) {
      const page = await factors.listSealed(manager, after, PAGE_SIZE);
      total += page.length;
      unreadable += page.filter((factor) => !box.open(factor)).length;
      after = page.at(-1)?.id ?? null;
      if (page.length < PAGE_SIZE) return describe(total, unreadable);
    }
  });
}

function describe(total: number, unreadable: number): readonly Finding[] {
  if (total === 0) return [];
  const secrets = countOf(total, 'secrets');
  if (unreadable === 0) return [ok(CHECK, `The configured keys open ${secrets} of authenticator apps`)];
  return [
    problem(
      CHECK,
      `No configured key opens ${unreadable} of ${secrets} of authenticator apps, so their codes do not work. Check ` +
        'FACTOR_SECRET, or JWT_SECRET if it is not set. Add the earlier secret to FACTOR_PREVIOUS_SECRETS. See ' +
        'docs/operations.md, Rotating keys.',
    ),
  ];
}
