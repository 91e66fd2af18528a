import type { ExecutionContext } from '@nestjs/common';
import { ForbiddenError } from '../common/domain.error.js';
import { requestOf } from './guarded-request.js';

export interface GlobalGuard {
  canActivate(context: ExecutionContext): boolean | Promise<boolean>;
}

/** Runs the global guards again, for example when a body that is read after the guards is complete. */
export class GlobalGuards {
  /** @param guards the global guards that check the token, the session and the role, in their order */
  constructor(private readonly guards: readonly GlobalGuard[]) {}

  /** Throws the error of the first guard that rejects the request. */
  async run(context: ExecutionContext): Promise<void> {
    // A WebSocket keeps the principal of its handshake, because public handlers do not set it again.
    if (context.getType() === 'http') delete requestOf(context).principal;
    for (const guard of this.guards) if (!(await guard.canActivate(context))) throw new ForbiddenError();
  }
}
