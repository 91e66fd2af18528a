import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { environmentSchema } from './env.schema.js';
import { ConfigurationError, parseEnvironment } from './env.js';

const SECRET = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';
const PRODUCTION = { NODE_ENV: 'production', DATABASE_URL: 'postgresql://u:p@db:5432/g', JWT_SECRET: SECRET };
const EXAMPLE = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

/** The variables that the message of a refusal names, in order. */
function refused(variables: Record<string, string>): string[] {
  try {
    parseEnvironment(variables);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return [...error.message.matchAll(/^ {2}([A-Z_]+) /gm)].map((match) => match[1] ?? '').sort();
  }
}

describe('parseEnvironment', () => {
  it('needs nothing in development', () => {
    const config = parseEnvironment({});
    expect(config).toMatchObject({ environment: 'development', logLevel: 'info', password: { bcryptCost: 12 } });
    expect(config.http).toMatchObject({ host: '127.0.0.1', port: 3_000, trustProxy: false, docsEnabled: true });
    expect(config.accessToken).toMatchObject({ ttlSeconds: 900, usesDevelopmentSecret: true });
    expect(config.session).toMatchObject({ idleTimeout: 30 * 86_400_000, absoluteTimeout: 90 * 86_400_000 });
    expect(config).toMatchObject({ publicUrl: 'http://localhost:3000', mail: { smtpUrl: null } });
    expect(config.refreshToken).toEqual({ secret: null, grace: 10_000 });
  });

  it('needs a database and a secret in production, and nothing else', () => {
    expect(refused({ NODE_ENV: 'production' })).toEqual(['DATABASE_URL', 'JWT_SECRET']);
    const config = parseEnvironment(PRODUCTION);
    expect(config.accessToken.usesDevelopmentSecret).toBe(false);
    expect(config.http).toMatchObject({ host: '0.0.0.0', docsEnabled: false, corsOrigins: [] });
  });

  it('names every bad variable in one message, missing ones among them', () => {
    const bad = { PORT: 'http', ACCESS_TOKEN_TTL: '900', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://db/x' };
    expect(refused({ NODE_ENV: 'production', ...bad })).toEqual([
      'ACCESS_TOKEN_TTL',
      'DATABASE_URL',
      'JWT_SECRET',
      'LOG_LEVEL',
      'PORT',
    ]);
  });

  it('says where every variable is described', () => {
    expect(() => parseEnvironment({ PORT: 'x' })).toThrow(/PORT must be a whole number[^]*\.env\.example/);
  });

  it('never repeats a value, which may be a secret', () => {
    const weak = { ...PRODUCTION, JWT_SECRET: 'hunter2', DATABASE_URL: 'mysql://u:hunter3@db/x' };
    const message = messageOf(() => parseEnvironment(weak));
    expect(message).toContain('JWT_SECRET');
    expect(message).not.toMatch(/hunter[23]/);
  });

  it.each([
    'ACCESS_TOKEN_TTL',
    'SESSION_IDLE_TIMEOUT',
    'SESSION_ABSOLUTE_TIMEOUT',
    'REFRESH_GRACE',
    'DB_CONNECT_TIMEOUT',
    'DB_STATEMENT_TIMEOUT',
  ])('refuses a bare number for a duration: %s', (name) => {
    expect(refused({ [name]: '30' })).toEqual([name]);
    expect(refused({ [name]: '30s', SESSION_IDLE_TIMEOUT: '1h', SESSION_ABSOLUTE_TIMEOUT: '1h' })).toEqual([]);
  });

  it.each([
    ['NODE_ENV', ['prod', 'PRODUCTION', 'staging']],
    ['PORT', ['-1', '65536', '3000.5', '0x10', '1e3', ' 3000']],
    ['TRUST_PROXY', ['true', '0', '10', 'everyone', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8', 'loopback,', '*']],
    ['CORS_ORIGINS', ['*', 'app.example.com', 'https://app.example.com/', 'https://a.example.com/x', 'null']],
    ['DATABASE_URL', ['mysql://db/x', 'db', 'localhost:5432', 'http://db']],
    ['DB_POOL_MAX', ['0', '-1', '1001', 'many']],
    ['ACCESS_TOKEN_TTL', ['0s', '999ms', '2d', '-1s']],
    ['SESSION_IDLE_TIMEOUT', ['59s', '3651d']],
    ['REFRESH_GRACE', ['61s', '10']],
    ['BCRYPT_COST', ['9', '17', '4', '12.5', 'strong']],
    ['DOCS_ENABLED', ['yes', '1', 'TRUE', 'on']],
    ['ACCOUNT_PAGES_ENABLED', ['yes', '1', 'TRUE', 'on']],
    ['RATE_LIMIT_ENABLED', ['yes', '1', 'TRUE']],
    [
      'RATE_LIMIT_LOGIN_ACCOUNT',
      ['10', '10/', '0/15m', '-1/15m', '1.5/15m', '10/15', '10/500ms', '10/1500ms', '10/2d'],
    ],
    ['REDIS_URL', ['localhost', 'http://redis:6379', 'localhost:6379']],
    ['SMTP_URL', ['mail.example.com', 'http://mail.example.com', 'smtp:']],
    ['SMTP_TIMEOUT', ['30', '99ms', '6m']],
    ['MAIL_FROM', ['Acme', 'Acme <acme>', 'Acme <a@b> x', 'a@b, c@d', 'A\r\nBcc: c@d <a@b>', '<a@b', 'a b@c']],
    ['LOG_LEVEL', ['loud', 'INFO', 'verbose']],
  ])('refuses for %s any of %j', (name, values) => {
    for (const value of values) expect([value, refused({ [name]: value })]).toEqual([value, [name]]);
  });

  it.each(['JWT_SECRET', 'REFRESH_SECRET', 'JWT_PREVIOUS_SECRETS'])(
    'refuses a short, a repeated or a placeholder secret in production, and only there: %s',
    (name) => {
      for (const secret of ['too-short', 'a'.repeat(40), 'changeme-changeme-changeme-changeme']) {
        expect(refused({ ...PRODUCTION, [name]: secret })).toEqual([name]);
        expect(refused({ [name]: secret })).toEqual([]);
      }
    },
  );

  it('lets the system choose a port for one process, and not for several', () => {
    expect(parseEnvironment({ PORT: '0' }).http.port).toBe(0);
    expect(refused({ PORT: '0', WORKERS: '2' })).toEqual(['PORT']);
  });

  it('refuses one weak secret among the previous ones', () => {
    expect(refused({ ...PRODUCTION, JWT_PREVIOUS_SECRETS: `${SECRET}x, weak` })).toEqual(['JWT_PREVIOUS_SECRETS']);
  });

  it('counts an empty variable as one that is not set', () => {
    const empty = Object.fromEntries(Object.keys(environmentSchema('development').shape).map((name) => [name, '']));
    expect(parseEnvironment(empty)).toEqual(parseEnvironment({}));
    expect(refused({ ...PRODUCTION, JWT_SECRET: '' })).toEqual(['JWT_SECRET']);
  });

  it('hashes passwords at a cost of 12 by default, and never under 10 but in tests', () => {
    expect(parseEnvironment(PRODUCTION).password.bcryptCost).toBe(12);
    expect(refused({ ...PRODUCTION, BCRYPT_COST: '9' })).toEqual(['BCRYPT_COST']);
    expect(refused({ ...PRODUCTION, BCRYPT_COST: '10' })).toEqual([]);
  });

  it('allows a cheap hash in tests alone', () => {
    expect(parseEnvironment({ NODE_ENV: 'test', BCRYPT_COST: '4' }).password.bcryptCost).toBe(4);
    expect(refused({ BCRYPT_COST: '4' })).toEqual(['BCRYPT_COST']);
  });

  it.each([
    ['false', false],
    ['2', 2],
    ['loopback', ['loopback']],
    ['10.0.0.0/8, ::1, uniquelocal', ['10.0.0.0/8', '::1', 'uniquelocal']],
  ])('takes %s for the proxies', (text, trustProxy) => {
    expect(parseEnvironment({ TRUST_PROXY: text }).http.trustProxy).toEqual(trustProxy);
  });

  it('reads a rate limit as tries in a window of seconds', () => {
    const { quotas } = parseEnvironment({ RATE_LIMIT_LOGIN_ACCOUNT: '3/90s' }).rateLimits;
    expect(quotas.login).toEqual({ address: { points: 100, window: 900 }, account: { points: 3, window: 90 } });
  });

  it('reads lists with white space around their items', () => {
    const { corsOrigins } = parseEnvironment({ CORS_ORIGINS: ' https://a.example.com , http://localhost:5173,' }).http;
    expect(corsOrigins).toEqual(['https://a.example.com', 'http://localhost:5173']);
  });

  it('gives settings that nobody can change', () => {
    const config = parseEnvironment({ CORS_ORIGINS: 'https://a.example.com', TRUST_PROXY: 'loopback' });
    const parts = [config, config.http, config.http.corsOrigins, config.http.trustProxy, config.accessToken];
    expect([...parts, config.database, config.session].every(Object.isFrozen)).toBe(true);
    expect(() => Object.assign(config.accessToken, { secret: 'mine' })).toThrow(TypeError);
  });

  it.each([
    ['no-reply@acme.example', { name: '', address: 'no-reply@acme.example' }],
    ['<no-reply@acme.example>', { name: '', address: 'no-reply@acme.example' }],
    ['Acme, Inc. <no-reply@acme.example>', { name: 'Acme, Inc.', address: 'no-reply@acme.example' }],
  ])('takes %s for the sender', (text, from) => {
    expect(parseEnvironment({ MAIL_FROM: text }).mail.from).toEqual(from);
  });

  it('ignores what is not its own', () => {
    expect(parseEnvironment({ PATH: '/bin', PGPASSWORD: 'x', jwt_secret: 'y' })).toEqual(parseEnvironment({}));
  });
});

describe('.env.example', () => {
  const offered = parse(EXAMPLE.replaceAll(/^# (?=[A-Z_]+=)/gm, ''));

  it('names the variables that the code reads, and no others', () => {
    expect(Object.keys(offered).sort()).toEqual(Object.keys(environmentSchema('development').shape).sort());
  });

  it('offers the defaults', () => {
    expect(parseEnvironment(offered)).toEqual(parseEnvironment({}));
  });

  it('sets nothing until someone chooses to', () => {
    expect(parse(EXAMPLE)).toEqual({});
  });

  it('explains every variable in the lines above it', () => {
    const lines = EXAMPLE.split('\n');
    const bare = lines.filter((line, i) => /^# [A-Z_]+=/.test(line) && !lines[i - 1]?.startsWith('# '));
    expect(bare).toEqual([]);
  });
});

function messageOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return '';
}
