import type { TestingModule } from '@nestjs/testing';
import { RateLimitsService } from '../../src/platform/rate-limits/rate-limits.service.js';

/**
 * Lets rate limits wait for their store. After the timeout of one second, which a slow machine can exceed, each instance
 * would count by itself.
 */
export function removeStoreTimeout(module: TestingModule): void {
  const limits: object = module.get(RateLimitsService);
  if (limits instanceof RateLimitsService) Object.assign(Reflect.get(limits, 'counter'), { step: () => undefined });
}
