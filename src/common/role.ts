export const ROLES = ['user', 'admin'] as const;

/** What a user may do beyond their own account. Read with the session on every request, never from the token. */
export type Role = (typeof ROLES)[number];
