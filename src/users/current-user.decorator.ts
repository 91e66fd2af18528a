import { identityDecorator } from '../http/optional-user.js';
import type { User } from './user.entity.js';

type CurrentUserType = User;

declare global {
  namespace Express {
    /** The type of `request.user`, which `SessionGuard` sets for requests with a token. */
    interface User extends CurrentUserType {}
  }
}

/**
 * Injects the current user, as `SessionGuard` read it. On a `@Public()` route, `null` if the request has no token:
 * `@CurrentUser() user: User | null`.
 */
export const CurrentUser = identityDecorator(({ user }) => user);
