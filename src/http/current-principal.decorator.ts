import { identityDecorator } from './optional-user.js';

/** Injects the principal of the current request. On a `@Public()` route, `null` if the request has no token. */
export const CurrentPrincipal = identityDecorator(({ principal }) => principal);
