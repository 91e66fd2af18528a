import { parseEnvironment } from './env.js';
import { configurationWarnings } from './warnings.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://u:p@db:5432/g',
  JWT_SECRET: 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU',
  SMTP_URL: 'smtps://mail.example.com',
  PUBLIC_URL: 'https://app.example.com',
  MAIL_FROM: 'no-reply@example.com',
};

const warningsOf = (variables: Readonly<Record<string, string>>) => configurationWarnings(parseEnvironment(variables));

describe('configurationWarnings', () => {
  it('returns nothing for a complete configuration', () => {
    expect(warningsOf(PRODUCTION)).toEqual([]);
    expect(warningsOf({ ...PRODUCTION, MAX_CONNECTIONS: '1' })).toEqual([]);
  });

  it.each([
    'http://localhost:3000',
    'https://localhost',
    'http://127.0.0.1',
    'http://[::1]:3000',
    'http://app.localhost',
  ])('warns if links in mails lead to %s', (PUBLIC_URL) => {
    expect(warningsOf({ ...PRODUCTION, PUBLIC_URL })).toEqual([
      expect.stringMatching(/^PUBLIC_URL leads to .*only on/),
    ]);
    expect(warningsOf({ ...PRODUCTION, NODE_ENV: 'development', PUBLIC_URL })).toEqual([]);
  });

  it('warns that passkeys work only on this machine', () => {
    const warning = expect.stringMatching(/^Passkeys work only on localhost\. Set PUBLIC_URL/) as string;
    expect(warningsOf({ ...PRODUCTION, SMTP_URL: '', PUBLIC_URL: '' })).toContainEqual(warning);
    expect(warningsOf({ ...PRODUCTION, SMTP_URL: '' })).not.toContainEqual(warning);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['JWT_SECRET is not set', { NODE_ENV: 'development', JWT_SECRET: '' }],
    ['SMTP_URL is not set', { SMTP_URL: '' }],
    ['PUBLIC_URL is an http URL', { PUBLIC_URL: 'http://app.example.com' }],
    ['MAIL_FROM is not set', { MAIL_FROM: '' }],
    ['MAX_CONNECTIONS_PER_CLIENT is 251', { MAX_CONNECTIONS: '1000', MAX_CONNECTIONS_PER_CLIENT: '251' }],
    ['DB_POOL_MAX is 1', { DB_POOL_MAX: '1', WORKERS: '2' }],
  ])('warns that %s', (warning, variables) => {
    expect(warningsOf({ ...PRODUCTION, ...variables })).toEqual([expect.stringMatching(`^${warning}`)]);
  });
});
