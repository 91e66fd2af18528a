import type { ExecutionContext } from '@nestjs/common';
import { ForbiddenError } from '../../common/domain.error.js';
import { requestOf } from '../guarded-request.js';

export interface AccessGuard {
  canActivate(context: ExecutionContext): boolean | Promise<boolean>;
}

/** Runs the guards that decide about access once more, after a body that was read behind them is complete. */
export class AccessCheck {
  /** @param guards the global guards that check the token, the session and the role, in their order */
  constructor(private readonly guards: readonly AccessGuard[]) {}

  /** @throws the error of the first guard that rejects the request */
  async check(context: ExecutionContext): Promise<void> {
    // A message of a WebSocket that needs no session leaves the principal of its connection.
    if (context.getType() === 'http') delete requestOf(context).principal;
    for (const guard of this.guards) if (!(await guard.canActivate(context))) throw new ForbiddenError();
  }
}
