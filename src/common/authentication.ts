/**
 * The methods of authentication (RFC 8176). `otp` is a code of an authenticator app or a recovery code. `pop` is a passkey,
 * which proves the possession of a key.
 */
const AUTHENTICATION_METHODS = ['pwd', 'otp', 'pop'] as const;

export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number];

/** When each method was last used, in seconds since 1970, by the database's clock. */
export type Authentications = Readonly<Partial<Record<AuthenticationMethod, number>>>;

/** The authentications of a session, and when they were read, in seconds since 1970, by the database's clock. */
export type AuthenticationsRead = readonly [readAt: number, Authentications];

/** The authentication context class (RFC 9470 §4) of a user who used two factors. */
export const ACR_TWO_FACTORS = 'urn:gatehouse:acr:two-factors';
/** The authentication context class of a user who used one factor. */
export const ACR_ONE_FACTOR = 'urn:gatehouse:acr:one-factor';

/** How many factors a method proves. A passkey verifies its user, so it proves possession and a PIN or biometrics. */
const FACTORS: Readonly<Record<AuthenticationMethod, number>> = { pwd: 1, otp: 1, pop: 2 };

const ALL_FACTORS = 2;

/** Returns how many factors were used at this time or later, at most two. */
export function factorsSince(authentications: Authentications, seconds: number): number {
  const recent = AUTHENTICATION_METHODS.filter((method) => (authentications[method] ?? -Infinity) >= seconds);
  return factorsOf(recent);
}

/** Returns the methods as the claim `amr` of RFC 8176: adds `mfa` if they prove two factors. */
export function amrOf(methods: readonly AuthenticationMethod[]): string[] {
  return factorsOf(methods) < ALL_FACTORS ? [...methods] : [...methods, 'mfa'];
}

/** Returns the methods that were used, in the order of `AUTHENTICATION_METHODS`. */
export function methodsOf(authentications: Authentications): AuthenticationMethod[] {
  return AUTHENTICATION_METHODS.filter((method) => authentications[method] !== undefined);
}

function factorsOf(methods: readonly AuthenticationMethod[]): number {
  return Math.min(
    methods.reduce((sum, method) => sum + FACTORS[method], 0),
    ALL_FACTORS,
  );
}
