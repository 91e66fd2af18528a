import { UseInterceptors } from '@nestjs/common';
import { RateLimitInterceptor } from './rate-limit.interceptor.js';

/**
 * For routes whose services ask `RateLimits`: their answers, good and bad, tell the client where it stands. What a
 * refusal looks like is documented beside it, with `@ApiProblems(TooManyRequestsError)`.
 */
export const RateLimited = (): MethodDecorator & ClassDecorator => UseInterceptors(RateLimitInterceptor);
