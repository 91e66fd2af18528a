const SCOPE = /^[a-z][a-z0-9._-]*(:[a-z0-9._-]+)*$/;
const MAX_SCOPE_CHARACTERS = 64;

/** The scope of keys that may introspect the tokens of all users. */
export const INTROSPECT_SCOPE = 'introspect';

/** Scopes that only admins can give to a key. */
const ADMIN_SCOPES: ReadonlySet<string> = new Set([INTROSPECT_SCOPE]);

const known = new Set<string>(ADMIN_SCOPES);

/** Adds the scopes of a route to those that a key can have. @throws Error if a name is malformed */
export function declareScopes(scopes: readonly string[]): void {
  for (const scope of scopes) {
    if (!isScope(scope)) throw new Error(`Write the scope "${scope}" in lower case, such as orders:read.`);
    known.add(scope);
  }
}

/** Returns the scopes that users with this role can give to a key, in alphabetical order. */
export function grantableScopes(role: string): string[] {
  return [...known].filter((scope) => role === 'admin' || !ADMIN_SCOPES.has(scope)).sort();
}

function isScope(text: string): boolean {
  return text.length <= MAX_SCOPE_CHARACTERS && SCOPE.test(text);
}
