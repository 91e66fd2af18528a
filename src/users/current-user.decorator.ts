import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { User } from './user.entity.js';

/** A request whose session was looked up together with its user. */
export interface RequestWithUser extends Request {
  currentUser?: User;
}

/** The signed-in user, as the database had them when this request's session was checked. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): User => {
  const { currentUser } = context.switchToHttp().getRequest<RequestWithUser>();
  if (!currentUser) throw new Error('@CurrentUser() was used on a route that no guard protects.');
  return currentUser;
});
