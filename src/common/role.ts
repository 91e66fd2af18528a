export const ROLES = ['user', 'admin'] as const;

/** Read from the database on every request, never from the token. */
export type Role = (typeof ROLES)[number];
