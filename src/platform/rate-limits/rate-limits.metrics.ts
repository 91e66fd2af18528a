import { defineCounter } from '../../common/metrics.js';
import type { Config } from '../../config/env.js';

const NAMES: Record<keyof Config['rateLimits']['quotas'], true> = {
  login: true,
  register: true,
  refresh: true,
  forgot: true,
  verify: true,
};

export const limitRejections = defineCounter({
  name: 'gatehouse_rate_limit_rejections_total',
  help: 'Rejections, by rate limit.',
  labels: {
    limit: [...Object.keys(NAMES).flatMap((name) => [`${name}-address`, `${name}-account`]), 'login-device', 'key'],
  },
});
