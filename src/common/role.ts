/**
 * The roles, and the permissions of each one. To add a role, add it here, and let
 * `npm run migration:generate -- AddRole` change the constraint `ck_users_role`. To add a permission, name it in the roles that have it, and put `@Requires()` on its routes.
 */
const PERMISSIONS = {
  user: [],
  admin: ['audit:read'],
} as const satisfies Readonly<Record<string, readonly `${string}:${string}`[]>>;

/** Read from the database on every request, never from the token. */
export type Role = keyof typeof PERMISSIONS;

/** For example `audit:read`. */
export type Permission = (typeof PERMISSIONS)[Role][number];

export const ROLES = Object.keys(PERMISSIONS) as readonly Role[];

/** During an update, the database can contain a role that only the next version knows. It has no permissions. */
const PERMISSIONS_BY_ROLE: Readonly<Partial<Record<string, readonly string[]>>> = PERMISSIONS;

/** Returns whether a role has a permission. */
export function hasPermission(role: Role, permission: Permission): boolean {
  return PERMISSIONS_BY_ROLE[role]?.includes(permission) ?? false;
}
