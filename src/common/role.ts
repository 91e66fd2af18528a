/**
 * The roles and their permissions. To add a role, add it here and run `npm run migration:generate -- AddRole`, which
 * changes the constraint `ck_users_role`. To add a permission, add it to its roles and put `@Requires()` on its routes.
 */
const PERMISSIONS = {
  user: [],
  admin: ['audit:read'],
} as const satisfies Readonly<Record<string, readonly `${string}:${string}`[]>>;

/** Read from the database on every request, never from the token. */
export type Role = keyof typeof PERMISSIONS;

/** A permission of at least one role, such as `audit:read`. */
export type Permission = (typeof PERMISSIONS)[Role][number];

export const ROLES = Object.keys(PERMISSIONS) as readonly Role[];

/** Lacks a role that only the next version knows. The database can contain one during an update. */
const PERMISSIONS_BY_ROLE: Readonly<Partial<Record<string, readonly string[]>>> = PERMISSIONS;

/** Returns whether a role has a permission. */
export function hasPermission(role: Role, permission: Permission): boolean {
  return PERMISSIONS_BY_ROLE[role]?.includes(permission) ?? false;
}

/** Returns whether users with this role must have a second factor (`SECOND_FACTOR_REQUIRED`). */
export function requiresSecondFactor(policy: 'off' | 'admins' | 'everyone', role: Role): boolean {
  return policy === 'everyone' || (policy === 'admins' && role === 'admin');
}

/** Returns whether a user must have a second factor and has none. */
export function mustEnroll(
  policy: Parameters<typeof requiresSecondFactor>[0],
  { role, hasSecondFactor }: { readonly role: Role; readonly hasSecondFactor: boolean },
): boolean {
  return !hasSecondFactor && requiresSecondFactor(policy, role);
}
