import { costOf } from './password-hash.js';

const LEAST_COST = 4;

/**
 * What speaks against taking over a password hash of another system, in words that follow its name; null if nothing.
 *
 * Whatever takes longer to check than the hash of nobody tells that there is an account (ASVS 6.3.8): so there is no
 * other algorithm, and no cost above the configured one. A lower cost takes the same time, and is gone after the next
 * good sign-in.
 */
export function importFault(hash: string, configuredCost: number): string | null {
  const cost = costOf(hash);
  if (cost === undefined) return 'must be a bcrypt hash ($2a$, $2b$, $2y$ or $bcrypt-sha256$); leave others out';
  if (cost < LEAST_COST) return `must have a cost of at least ${LEAST_COST}`;
  return cost > configuredCost ? `has the cost ${cost}, and BCRYPT_COST is ${configuredCost}: raise that first` : null;
}
