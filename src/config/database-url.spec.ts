import { parseDatabaseUrl, UnusableUrlError } from './database-url.js';

const parse = (text: string) => {
  const { url, servers } = parseDatabaseUrl(text);
  return [url, servers.map(({ host, port }) => `${host} ${port}`)];
};
const errorOf = (text: string): string => {
  try {
    parseDatabaseUrl(text);
    return '';
  } catch (error) {
    if (!(error instanceof UnusableUrlError)) throw error;
    return error.message;
  }
};

describe('parseDatabaseUrl', () => {
  it.each([
    ['one host', 'postgresql://u:p@db:5433/g', 'postgresql://u:p@db:5433/g', ['db 5433']],
    ['no port', 'postgres://u:p@db/g', 'postgres://u:p@db:5432/g', ['db 5432']],
    ['no host', 'postgresql:///g', 'postgresql://localhost:5432/g', ['localhost 5432']],
    ['IPv6', 'postgresql://u@[::1]:5433/g', 'postgresql://u@[::1]:5433/g', ['::1 5433']],
    [
      'several hosts',
      'postgres://u:p@h1:5432,h2:5433,h3/g?target_session_attrs=read-write&sslmode=disable',
      'postgres://u:p@h1:5432/g?sslmode=disable',
      ['h1 5432', 'h2 5433', 'h3 5432'],
    ],
    ['hosts as parameters', 'postgresql:///g?host=h1,h2&port=1,2', 'postgresql://h1:1/g', ['h1 1', 'h2 2']],
    [
      'a Unix socket',
      'postgresql://u:p@/g?host=/var/run/postgresql',
      'postgresql://u:p@%2Fvar%2Frun%2Fpostgresql:5432/g',
      ['/var/run/postgresql 5432'],
    ],
    ['a socket as the host', 'postgresql://u@%2Frun/g', 'postgresql://u@%2Frun:5432/g', ['/run 5432']],
    ['a socket with a port', 'postgresql://u@:5433/g?host=/run', 'postgresql://u@%2Frun:5433/g', ['/run 5433']],
    [
      'a schema',
      'postgresql://db/g?options=-c%20search_path%3Dapp',
      'postgresql://db:5432/g?options=-c+search_path%3Dapp',
      ['db 5432'],
    ],
    ['the CAs of Node.js', 'postgresql://db/g?sslrootcert=system', 'postgresql://db:5432/g', ['db 5432']],
  ])('accepts %s', (_, text, url, servers) => {
    expect(parse(text)).toEqual([url, servers]);
  });

  it.each([
    'mysql://db/g',
    'db:5432/g',
    'postgresql://u:pass#word@db/g',
    'postgresql://u:pass/word@db/g',
    'postgresql://db:0/g',
    'postgresql://db:99999/g',
    'postgresql://a b/g',
  ])('explains the form of a URL for %s', (text) => {
    expect(errorOf(text)).toMatch(/^must be a URL such as/);
  });

  it.each([
    ['postgresql://db/g?target_session_attrs=standby', 'must have target_session_attrs=read-write'],
    ['postgresql:///g?host=h1,h2,h3&port=1,2', 'must have one port, or as many ports as hosts'],
    ['postgresql://db/g?sslrootcert=/missing/ca.pem', 'has sslrootcert=/missing/ca.pem, but this file cannot be read'],
  ])('explains what is wrong with %s', (text, message) => {
    expect(errorOf(text)).toContain(message);
  });
});
