import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { requestOf, type GuardedRequest } from '../http/guarded-request.js';
import type { User } from './user.entity.js';

/** A request after `SessionGuard`, which reads the session and its user. */
export interface RequestWithUser extends GuardedRequest {
  user?: User;
}

/** Injects the current user, as `SessionGuard` read it. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): User => {
  const { user } = requestOf(context) as RequestWithUser;
  if (!user) throw new Error('@CurrentUser() needs a protected route.');
  return user;
});
