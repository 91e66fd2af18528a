import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import supertest from 'supertest';
import { parseEnvironment } from '../config/env.js';
import { serveWellKnown } from './well-known.js';

/** Returns the status and the target or the text of a path, with these settings. */
async function ask(path: string, env: Readonly<Record<string, string>>): Promise<[status: number, content: string]> {
  const module = await Test.createTestingModule({}).compile();
  const app = module.createNestApplication<NestExpressApplication>({ logger: false });
  serveWellKnown(app, parseEnvironment(env));
  await app.init();
  const { status, headers, text } = await supertest(app.getHttpServer()).get(path);
  await app.close();
  return [status, headers['location'] ?? text];
}

const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://u:p@db/g',
  JWT_SECRET: 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU',
};
const PAGE = 'https://app.example.com/password';

describe('serveWellKnown', () => {
  it('redirects / to the explorer in development only', async () => {
    expect(await ask('/', { NODE_ENV: 'development' })).toEqual([302, 'docs']);
    expect((await ask('/', { NODE_ENV: 'development', DOCS_ENABLED: 'false' }))[0]).toBe(404);
    expect((await ask('/', { ...PRODUCTION, DOCS_ENABLED: 'true' }))[0]).toBe(404);
  });

  it('redirects password managers to the configured page, the account page or the explorer', async () => {
    const path = '/.well-known/change-password';
    expect(await ask(path, { ...PRODUCTION, CHANGE_PASSWORD_URL: PAGE })).toEqual([302, PAGE]);
    expect(await ask(path, PRODUCTION)).toEqual([302, '../account/forgot-password']);
    expect(await ask(path, { ...PRODUCTION, DOCS_ENABLED: 'true' })).toEqual([302, '../account/forgot-password']);
    const withoutPages = { ...PRODUCTION, ACCOUNT_PAGES_ENABLED: 'false' };
    expect(await ask(path, { ...withoutPages, DOCS_ENABLED: 'true' })).toEqual([
      302,
      '../docs#/recovery/changePassword',
    ]);
    expect((await ask(path, withoutPages))[0]).toBe(404);
  });

  it('serves security.txt with the configured contact and a date in the future', async () => {
    const path = '/.well-known/security.txt';
    const [status, text] = await ask(path, { ...PRODUCTION, SECURITY_CONTACT: 'mailto:security@example.com' });
    const [, contact, expires = ''] = /^Contact: (.+)\nExpires: (.+)\n$/.exec(text) ?? [];
    expect([status, contact]).toEqual([200, 'mailto:security@example.com']);
    expect(Date.parse(expires)).toBeGreaterThan(Date.now());
    expect((await ask(path, PRODUCTION))[0]).toBe(404);
  });

  it.each([
    ['SECURITY_CONTACT', 'security@example.com'],
    ['SECURITY_CONTACT', 'mailto:a@example.com\nExpires: never'],
    ['CHANGE_PASSWORD_URL', '/password'],
    ['CHANGE_PASSWORD_URL', 'javascript:alert(1)'],
  ])('rejects %s with the value %j', (name, value) => {
    expect(() => parseEnvironment({ ...PRODUCTION, [name]: value })).toThrow(name);
  });
});
