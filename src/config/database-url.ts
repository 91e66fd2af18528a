import { accessSync, constants } from 'node:fs';

/** A connection string cannot be used. The message follows the variable's name and contains no password. */
export class UnusableUrlError extends Error {}

export interface DatabaseServer {
  /** A host name, an IP address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

/** One or several servers, and the connection string of the first one in the form that `pg` and TypeORM accept. */
export interface DatabaseTarget {
  readonly url: string;
  readonly servers: readonly DatabaseServer[];
}

const URL_PARTS = /^(postgres(?:ql)?:\/\/)(?:([^/?#]*)@)?([^/?#@]*)(\/[^?#]*)?(?:\?([^#]*))?$/;
const HOST = /^(\[[\da-f:.]+\]|[^:[\]\s]*)(?::(\d{1,5}))?$/i;
const DEFAULT_PORT = '5432';
const NOT_A_URL = 'must be a URL such as postgresql://user:password@host:5432/database';
/** Every server must accept writes, so libpq's other values have no use. */
const SESSION_ATTRIBUTES = new Set(['any', 'read-write', 'primary']);
const FILES = ['sslrootcert', 'sslcert', 'sslkey'];

/**
 * Parses a connection string of libpq (PostgreSQL manual, "Connection URIs"). Also accepts what `pg` does not support:
 * several hosts, `target_session_attrs`, and `sslrootcert=system`, which is what Node.js does by default.
 *
 * @throws UnusableUrlError
 */
export function parseDatabaseUrl(text: string): DatabaseTarget {
  const [, scheme, credentials, authority = '', path = '', query = ''] = URL_PARTS.exec(text) ?? [];
  if (scheme === undefined) throw new UnusableUrlError(NOT_A_URL);
  const parameters = new URLSearchParams(query);
  const servers = serversOf(authority, parameters);
  checkParameters(parameters);
  for (const name of ['host', 'port', 'target_session_attrs']) parameters.delete(name);
  if (parameters.get('sslrootcert') === 'system') parameters.delete('sslrootcert');
  const [{ host, port } = { host: '', port: 0 }] = servers;
  const first = host.includes(':') ? `[${host}]` : encodeURIComponent(host);
  const rest = parameters.size > 0 ? `?${parameters.toString()}` : '';
  const url = `${scheme}${credentials === undefined ? '' : `${credentials}@`}${first}:${port}${path || '/'}${rest}`;
  if (!URL.canParse(url)) throw new UnusableUrlError(NOT_A_URL);
  return { url, servers };
}

/** Reads `h1:5432,h2:5432` from the URL, or the parameters `host=h1,h2&port=5432,5433`, which take precedence. */
function serversOf(authority: string, parameters: URLSearchParams): DatabaseServer[] {
  const hosts = parameters.get('host')?.split(',');
  const ports = (parameters.get('port') ?? (hosts && HOST.exec(authority)?.[2]) ?? '').split(',');
  if (hosts && ports.length > 1 && ports.length !== hosts.length) {
    throw new UnusableUrlError('must have one port, or as many ports as hosts');
  }
  return (hosts ?? authority.split(',')).map((item, index) => {
    const isSocket = item.startsWith('/') || item.startsWith('%2F');
    const [, host, inline] = isSocket ? [item, decodeURIComponent(item)] : (HOST.exec(item) ?? []);
    const port = Number(inline || ports[index] || ports[0] || DEFAULT_PORT);
    if (host === undefined || !(port >= 1 && port <= 65_535)) throw new UnusableUrlError(NOT_A_URL);
    return { host: host.replace(/^\[|\]$/g, '') || 'localhost', port };
  });
}

function checkParameters(parameters: URLSearchParams): void {
  if (!SESSION_ATTRIBUTES.has(parameters.get('target_session_attrs') ?? 'any')) {
    throw new UnusableUrlError('must have target_session_attrs=read-write, because only a primary may judge a session');
  }
  for (const name of FILES) {
    const path = parameters.get(name);
    if (!path || path === 'system') continue;
    try {
      accessSync(path, constants.R_OK);
    } catch {
      throw new UnusableUrlError(`has ${name}=${path}, but this file cannot be read`);
    }
  }
}
