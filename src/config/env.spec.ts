import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { environmentSchema } from './env.schema.js';
import { ConfigurationError, parseEnvironment } from './env.js';

const SECRET = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';
const PRODUCTION = { NODE_ENV: 'production', DATABASE_URL: 'postgresql://u:p@db:5432/g', JWT_SECRET: SECRET };
const EXAMPLE = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

/** Returns the variables in the error message, sorted. */
function invalidVariables(variables: Record<string, string>): string[] {
  try {
    parseEnvironment(variables);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return [...error.message.matchAll(/^ {2}([A-Z_]+) /gm)].map((match) => match[1] ?? '').sort();
  }
}

describe('parseEnvironment', () => {
  it('requires nothing in development', () => {
    const config = parseEnvironment({});
    expect(config).toMatchObject({ environment: 'development', logLevel: 'info', password: { bcryptCost: 12 } });
    expect(config.http).toMatchObject({ host: '127.0.0.1', port: 3_000, trustProxy: false, docsEnabled: true });
    expect(config.accessToken).toMatchObject({ ttlSeconds: 900, usesDevelopmentSecret: true });
    expect(config.session).toMatchObject({ idleTimeout: 30 * 86_400_000, absoluteTimeout: 90 * 86_400_000 });
    expect(config).toMatchObject({ publicUrl: 'http://localhost:3000', mail: { smtpUrl: null } });
    expect(config.refreshToken).toEqual({ secret: null, grace: 10_000 });
  });

  it('requires only a database and a secret in production', () => {
    expect(invalidVariables({ NODE_ENV: 'production' })).toEqual(['DATABASE_URL', 'JWT_SECRET']);
    const config = parseEnvironment(PRODUCTION);
    expect(config.accessToken.usesDevelopmentSecret).toBe(false);
    expect(config.http).toMatchObject({ host: '0.0.0.0', docsEnabled: false, corsOrigins: [] });
  });

  it('lists all invalid and missing variables in one message', () => {
    const bad = { PORT: 'http', ACCESS_TOKEN_TTL: '900', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://db/x' };
    expect(invalidVariables({ NODE_ENV: 'production', ...bad })).toEqual([
      'ACCESS_TOKEN_TTL',
      'DATABASE_URL',
      'JWT_SECRET',
      'LOG_LEVEL',
      'PORT',
    ]);
  });

  it('rejects a connection limit per client above the total limit, in the same message', () => {
    const limits = (perClient: string, total: string) =>
      invalidVariables({ PORT: 'x', MAX_CONNECTIONS_PER_CLIENT: perClient, MAX_CONNECTIONS: total, MAX_STREAMS: '10' });
    expect(limits('1001', '1000')).toEqual(['MAX_CONNECTIONS_PER_CLIENT', 'PORT']);
    expect(limits('10011', '')).toEqual(['MAX_CONNECTIONS_PER_CLIENT', 'PORT']);
    expect(limits('1000', '1000')).toEqual(['PORT']);
    expect(limits('10010', '')).toEqual(['PORT']);
  });

  it('refers to the description of all variables', () => {
    expect(() => parseEnvironment({ PORT: 'x' })).toThrow(/PORT must be a whole number[^]*\.env\.example/);
  });

  it('does not repeat values, which may be secrets', () => {
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
  ])('rejects a duration without a unit: %s', (name) => {
    expect(invalidVariables({ [name]: '30' })).toEqual([name]);
    expect(invalidVariables({ [name]: '30s', SESSION_IDLE_TIMEOUT: '1h', SESSION_ABSOLUTE_TIMEOUT: '1h' })).toEqual([]);
  });

  it.each([
    ['NODE_ENV', ['prod', 'PRODUCTION', 'staging']],
    ['PORT', ['-1', '65536', '3000.5', '0x10', '1e3', ' 3000']],
    ['TRUST_PROXY', ['true', '0', '10', 'everyone', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8', 'loopback,', '*']],
    ['CORS_ORIGINS', ['*', 'app.example.com', 'https://app.example.com/', 'https://a.example.com/x', 'null']],
    ['API_PREFIX', ['api', '/', '/api/', '//api', '/api/../x', '/:id', '/*', '/a b', 'https://example.com/api']],
    ['REQUEST_TIMEOUT', ['30', '999ms', '2h']],
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
  ])('rejects for %s any of %j', (name, values) => {
    for (const value of values) expect([value, invalidVariables({ [name]: value })]).toEqual([value, [name]]);
  });

  it.each(['JWT_SECRET', 'REFRESH_SECRET', 'JWT_PREVIOUS_SECRETS', 'FACTOR_SECRET', 'FACTOR_PREVIOUS_SECRETS'])(
    'rejects weak secrets only in production: %s',
    (name) => {
      for (const secret of ['too-short', 'a'.repeat(40), 'changeme-changeme-changeme-changeme']) {
        expect(invalidVariables({ ...PRODUCTION, [name]: secret })).toEqual([name]);
        expect(invalidVariables({ [name]: secret })).toEqual([]);
      }
    },
  );

  it('allows port 0 for one process but not for several', () => {
    expect(parseEnvironment({ PORT: '0' }).http.port).toBe(0);
    expect(invalidVariables({ PORT: '0', WORKERS: '2' })).toEqual(['PORT']);
  });

  it('rejects a metrics port that is the public port', () => {
    expect(parseEnvironment({}).metrics).toEqual({ host: '127.0.0.1', port: null });
    expect(parseEnvironment({ METRICS_PORT: '9464' }).metrics.port).toBe(9_464);
    expect(invalidVariables({ METRICS_PORT: '3000' })).toEqual(['METRICS_PORT']);
    expect(invalidVariables({ METRICS_PORT: 'x' })).toEqual(['METRICS_PORT']);
  });

  it('rejects one weak secret among the previous ones', () => {
    expect(invalidVariables({ ...PRODUCTION, JWT_PREVIOUS_SECRETS: `${SECRET}x, weak` })).toEqual([
      'JWT_PREVIOUS_SECRETS',
    ]);
  });

  it('treats an empty variable as unset', () => {
    const empty = Object.fromEntries(Object.keys(environmentSchema('development').shape).map((name) => [name, '']));
    expect(parseEnvironment(empty)).toEqual(parseEnvironment({}));
    expect(invalidVariables({ ...PRODUCTION, JWT_SECRET: '' })).toEqual(['JWT_SECRET']);
  });

  it('sets the bcrypt cost to 12 by default, and requires 10', () => {
    expect(parseEnvironment(PRODUCTION).password.bcryptCost).toBe(12);
    expect(invalidVariables({ ...PRODUCTION, BCRYPT_COST: '9' })).toEqual(['BCRYPT_COST']);
    expect(invalidVariables({ ...PRODUCTION, BCRYPT_COST: '10' })).toEqual([]);
  });

  it('allows a lower bcrypt cost in tests only', () => {
    expect(parseEnvironment({ NODE_ENV: 'test', BCRYPT_COST: '4' }).password.bcryptCost).toBe(4);
    expect(invalidVariables({ BCRYPT_COST: '4' })).toEqual(['BCRYPT_COST']);
  });

  it.each([
    ['false', false],
    ['2', 2],
    ['loopback', ['loopback']],
    ['10.0.0.0/8, ::1, uniquelocal', ['10.0.0.0/8', '::1', 'uniquelocal']],
  ])('accepts %s as trusted proxies', (text, trustProxy) => {
    expect(parseEnvironment({ TRUST_PROXY: text }).http.trustProxy).toEqual(trustProxy);
  });

  it('reads a rate limit as points per window in seconds', () => {
    const { quotas } = parseEnvironment({ RATE_LIMIT_LOGIN_ACCOUNT: '3/90s' }).rateLimits;
    expect(quotas.login).toEqual({ address: { points: 100, window: 900 }, account: { points: 3, window: 90 } });
  });

  it('ignores white space around list items', () => {
    const { corsOrigins } = parseEnvironment({ CORS_ORIGINS: ' https://a.example.com , http://localhost:5173,' }).http;
    expect(corsOrigins).toEqual(['https://a.example.com', 'http://localhost:5173']);
  });

  it('returns immutable settings', () => {
    const config = parseEnvironment({ CORS_ORIGINS: 'https://a.example.com', TRUST_PROXY: 'loopback' });
    const parts = [config, config.http, config.http.corsOrigins, config.http.trustProxy, config.accessToken];
    expect([...parts, config.database, config.session].every(Object.isFrozen)).toBe(true);
    expect(() => Object.assign(config.accessToken, { secret: 'mine' })).toThrow(TypeError);
  });

  it.each([
    ['no-reply@acme.example', { name: '', address: 'no-reply@acme.example' }],
    ['<no-reply@acme.example>', { name: '', address: 'no-reply@acme.example' }],
    ['Acme, Inc. <no-reply@acme.example>', { name: 'Acme, Inc.', address: 'no-reply@acme.example' }],
  ])('accepts %s as the sender', (text, from) => {
    expect(parseEnvironment({ MAIL_FROM: text }).mail.from).toEqual(from);
  });

  it('ignores other variables', () => {
    expect(parseEnvironment({ PATH: '/bin', PGPASSWORD: 'x', jwt_secret: 'y' })).toEqual(parseEnvironment({}));
  });
});

describe('the settings of passkeys', () => {
  it('come from PUBLIC_URL by default', () => {
    expect(parseEnvironment({ PORT: '4000' }).passkeys).toEqual({
      rpId: 'localhost',
      origins: ['http://localhost:4000'],
    });
    const { passkeys } = parseEnvironment({ PUBLIC_URL: 'https://app.example.com:8443/base' });
    expect(passkeys).toEqual({ rpId: 'app.example.com', origins: ['https://app.example.com:8443'] });
  });

  it('accept a parent domain, several origins and an Android app', () => {
    const origins = ['https://app.example.com', 'https://example.com', `android:apk-key-hash:${'a'.repeat(43)}`];
    const variables = { WEBAUTHN_RP_ID: 'example.com', WEBAUTHN_ORIGINS: origins.join(', ') };
    expect(parseEnvironment(variables).passkeys).toEqual({ rpId: 'example.com', origins });
  });

  it.each([
    ['WEBAUTHN_RP_ID', 'https://example.com'],
    ['WEBAUTHN_RP_ID', 'Example.com'],
    ['WEBAUTHN_RP_ID', 'example.com:443'],
    ['WEBAUTHN_RP_ID', '127.0.0.1'],
    ['WEBAUTHN_RP_ID', 'com'],
    ['WEBAUTHN_RP_ID', 'example.com.'],
    ['WEBAUTHN_ORIGINS', 'http://example.com'],
    ['WEBAUTHN_ORIGINS', 'https://example.com/'],
    ['WEBAUTHN_ORIGINS', 'https://*.example.com'],
    ['WEBAUTHN_ORIGINS', 'example.com'],
    ['WEBAUTHN_ORIGINS', 'android:apk-key-hash:short'],
  ])('reject %s=%s', (name, value) => {
    expect(invalidVariables({ PUBLIC_URL: 'https://app.example.com', [name]: value })).toEqual([name]);
  });

  it.each(['CORS_ORIGINS', 'WEBAUTHN_ORIGINS'])('explain why a trailing slash in %s is rejected', (name) => {
    const variables = { PUBLIC_URL: 'https://app.example.com', [name]: 'https://app.example.com/' };
    expect(() => parseEnvironment(variables)).toThrow('without a slash at the end');
  });

  it.each([
    ['the domain of another site', { PUBLIC_URL: 'https://app.example.com', WEBAUTHN_RP_ID: 'example.org' }],
    ['a domain that only ends alike', { WEBAUTHN_RP_ID: 'example.com', WEBAUTHN_ORIGINS: 'https://myexample.com' }],
    ['an origin of another site than PUBLIC_URL', { WEBAUTHN_ORIGINS: 'https://app.example.com' }],
  ])('reject %s', (_, variables) => {
    expect(invalidVariables(variables)).toEqual(['WEBAUTHN_RP_ID']);
  });
});

describe('.env.example', () => {
  const examples = parse(EXAMPLE.replaceAll(/^# (?=[A-Z_]+=)/gm, ''));

  it('lists exactly the variables that the code reads', () => {
    expect(Object.keys(examples).sort()).toEqual(Object.keys(environmentSchema('development').shape).sort());
  });

  it('shows the defaults', () => {
    expect(parseEnvironment(examples)).toEqual(parseEnvironment({}));
  });

  it('sets no variable', () => {
    expect(parse(EXAMPLE)).toEqual({});
  });

  it('has a comment above each variable', () => {
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
