import type { Role } from '../common/role.js';
import type { Config } from './env.js';

/** Returns whether users with this role must have a second factor. */
export function requiresSecondFactor(policy: Config['factors']['required'], role: Role): boolean {
  return policy === 'everyone' || (policy === 'admins' && role === 'admin');
}
