import type { DatabaseServer } from '../../config/database-url.js';

/** None of several servers accepts both connections and writes. */
export class NoPrimaryError extends Error {
  constructor(
    message: string,
    readonly errors: readonly Error[],
  ) {
    super(message);
  }

  /** Combines the errors of several servers. Returns the error of a single server as it is. */
  static of(failures: readonly { server: DatabaseServer; error: Error }[]): Error {
    const [first, ...others] = failures;
    if (first && others.length === 0) return first.error;
    const reasons = failures.map(({ server: { host, port }, error }) => `${host}:${port}: ${messageOf(error)}`);
    const errors = failures.map(({ error }) => error);
    return new NoPrimaryError(`No server accepts writes. ${reasons.join('; ')}`, errors);
  }
}

const UNKNOWN_AUTHORITY =
  "An unknown authority signed the server's certificate. Add the authority to DATABASE_URL: sslmode=verify-full&sslrootcert=/path/to/ca.pem";

/** What to do about an error of Node.js, or of PostgreSQL by its SQLSTATE code. */
const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Check that PostgreSQL is running, and the host and port in DATABASE_URL.',
  ENOENT: 'Check that PostgreSQL is running, and the folder of its Unix socket in DATABASE_URL.',
  ENOTFOUND: 'Check the host name in DATABASE_URL.',
  EAI_AGAIN: 'Check the host name in DATABASE_URL, and the DNS server.',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED:
    "Renew the server's certificate, or that of the authority in sslrootcert. Check the clock of this machine.",
  CERT_NOT_YET_VALID: 'Check the clock of this machine and the certificates of the server and in sslrootcert.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'Use a host name in DATABASE_URL that the certificate contains. sslrootcert must be the authority of that certificate.',
  '28P01': 'Check the user and password in DATABASE_URL.',
  '28000': 'Check the user in DATABASE_URL and pg_hba.conf. If the server requires TLS, add sslmode=verify-full.',
  '3D000': 'Create the database, or correct its name in DATABASE_URL.',
  '53300': 'Lower DB_POOL_MAX, or raise max_connections of PostgreSQL.',
  '53100': 'Free disk space on the database server.',
  '53400': 'Raise temp_file_limit of PostgreSQL.',
  '25006': 'Gatehouse needs the primary. List all servers in DATABASE_URL, or check default_transaction_read_only.',
  '55P03': 'A migration or another session has locked a table.',
};

/** Why the database is unavailable, as readiness reports it to anyone. */
export const OUTAGE_REASONS = [
  'unreachable',
  'read_only',
  'tables_locked',
  'disk_full',
  'too_many_connections',
  'too_slow',
] as const;
export type OutageReason = (typeof OUTAGE_REASONS)[number];

const REASONS: Readonly<Record<string, OutageReason>> = {
  '25006': 'read_only',
  '55P03': 'tables_locked',
  '53100': 'disk_full',
  // The limit of temporary files.
  '53400': 'disk_full',
  '53300': 'too_many_connections',
  '57014': 'too_slow',
};

/**
 * Returns the reason without names of servers, users or tables.
 *
 * @param cause of a `DatabaseUnavailableError`
 */
export function outageReason(cause: unknown): OutageReason {
  if (!(cause instanceof Error)) return 'unreachable';
  return causesOf(cause).flatMap(({ code }) => REASONS[code ?? ''] ?? [])[0] ?? 'unreachable';
}

/** Returns one line that names the cause of an outage and what to do. */
export function describeOutage(error: Error): string {
  const advice = new Set(causesOf(error).flatMap(({ code }) => ADVICE[code ?? ''] ?? []));
  if (error.message.includes('does not support SSL')) {
    advice.add('Remove sslmode and sslrootcert from DATABASE_URL, or enable TLS on the server.');
  }
  return [messageOf(error).replace(/(?<![.!?])$/, '.'), ...advice].join(' ');
}

/** Returns the message, or those of all attempts if a host name has several IP addresses. */
function messageOf(error: Error): string {
  if (error.message) return error.message;
  return causesOf(error)
    .map(({ message }) => message)
    .join(', ');
}

function causesOf(error: Error): { code?: string; message: string }[] {
  if ('errors' in error && Array.isArray(error.errors)) return (error.errors as Error[]).flatMap(causesOf);
  return [error];
}
