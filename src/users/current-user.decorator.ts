import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { requestOf } from '../http/guarded-request.js';
import type { User } from './user.entity.js';

type CurrentUserType = User;

declare global {
  namespace Express {
    /** The type of `request.user`, which `SessionGuard` sets on protected routes. */
    interface User extends CurrentUserType {}
  }
}

/** Injects the current user, as `SessionGuard` read it. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): User => {
  const { user } = requestOf(context);
  if (!user) throw new Error('@CurrentUser() cannot be used on a @Public() route.');
  return user;
});
