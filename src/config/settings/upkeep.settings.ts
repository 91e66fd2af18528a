import type { Values } from '../environment.js';
import { duration } from '../parsers/number.parsers.js';

export const upkeepVariables = () => ({
  PRUNE_INTERVAL: duration('0s', '7d', '1h'),
  AUDIT_RETENTION: duration('1d', '3650d', '400d'),
});

export const upkeepSettings = (env: Values<typeof upkeepVariables>) => ({
  /** If null, there is no scheduled pruning. */
  pruneInterval: env.PRUNE_INTERVAL || null,
  audit: { retention: env.AUDIT_RETENTION },
});
