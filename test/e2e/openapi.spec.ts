import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { runInNewContext } from 'node:vm';
import type { OpenAPIObject } from '@nestjs/swagger';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { DomainError } from '../../src/common/domain.error.js';
import { operationsOf, type Operation } from '../support/operations.js';
import { routesOf } from '../support/routes.js';
import { TestApp } from '../support/test-app.js';

const SRC = new URL('../../src/', import.meta.url);
const CONTRACT = new URL('../../docs/api.md', import.meta.url);

/** The problem codes that docs/api.md lists, by status. */
function codesOfContract(): Readonly<Record<number, readonly string[]>> {
  const codes: Record<number, string[]> = {};
  for (const [, status, code = ''] of readFileSync(CONTRACT, 'utf8').matchAll(/^\| (\d{3}) +\| `(\w+)`/gm)) {
    (codes[Number(status)] ??= []).push(code);
  }
  return codes;
}

const CODES = codesOfContract();

describe('the OpenAPI document', () => {
  let app: TestApp;
  let document: OpenAPIObject;
  let text: string;
  let operations: Operation[];

  beforeAll(async () => {
    app = await TestApp.start();
    const answer = await app.request.get('/openapi.json').expect(200);
    text = answer.text;
    document = answer.body as OpenAPIObject;
    operations = operationsOf(document);
  });
  afterAll(() => app.close());

  it('has nothing for a linter to say', async () => {
    const config = await createConfig({
      extends: ['recommended'],
      // A probe is open to everyone and takes no input, so there is nothing that it could refuse.
      rules: { 'operation-4xx-response': 'off' },
    });
    const problems = await lintFromString({ source: text, config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  });

  it('knows every route, and no route that is not there', () => {
    const served = routesOf(app).map(({ name }) => name);
    expect(served.length).toBeGreaterThan(20);
    expect(operations.map(({ name }) => name).sort()).toEqual(served.sort());
  });

  it('says of every operation what it is for, where it belongs and what a client calls it', () => {
    const bare = operations.filter(
      ({ documented: { summary, operationId, tags = [] } }) => !summary || !operationId || tags.length !== 1,
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
    expect(new Set(operations.map(({ documented }) => documented.operationId)).size).toBe(operations.length);
    const known = document.tags?.map(({ name }) => name) ?? [];
    expect(operations.flatMap(({ documented }) => documented.tags ?? []).filter((tag) => !known.includes(tag))).toEqual(
      [],
    );
  });

  it('says of every operation what it answers when all is well', () => {
    const faults = operations.flatMap(({ name, documented: { responses } }) => {
      const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      if (good.length !== 1) return [`${name} has ${good.length} good answers`];
      return good.flatMap(([status, { description, content }]) => {
        if (!description) return [`${name} ${status} has no description`];
        const shapes = Object.values(content ?? {}).filter(({ schema }) => schema);
        return ['202', '204'].includes(status) === (shapes.length === 0) ? [] : [`${name} ${status} has no schema`];
      });
    });
    expect(faults).toEqual([]);
  });

  it('shows problems with the codes and statuses that clients know, each an example of itself', () => {
    const faults = operations.flatMap(({ name, documented: { responses } }) =>
      Object.entries(responses).flatMap(([status, { content }]) =>
        Object.entries(content?.['application/problem+json']?.examples ?? {}).flatMap(([code, { value }]) => {
          const isKnown = CODES[Number(status)]?.includes(code) ?? false;
          const isItself = value.code === code && value.status === Number(status) && value.type.endsWith(`:${code}`);
          return isKnown && isItself ? [] : [`${name} ${status} ${code}`];
        }),
      ),
    );
    expect(faults).toEqual([]);
  });

  it('has an example of a problem wherever it has a problem', () => {
    const bare = operations.flatMap(({ name, documented: { responses } }) =>
      Object.entries(responses)
        .filter(([, { content }]) => content?.['application/problem+json'])
        .filter(([, { content }]) => !content?.['application/problem+json']?.examples)
        .map(([status]) => `${name} ${status}`),
    );
    expect(bare).toEqual([]);
  });

  it('names the code of every error that the source can throw', async () => {
    const errors = await errorsInSource();
    expect(errors.length).toBeGreaterThan(20);
    const missing = errors.filter((error) => !text.includes(error.code)).map((error) => error.name);
    expect(missing).toEqual([]);
  });

  it('and docs/api.md know the same codes as the source', async () => {
    const inSource = new Set((await errorsInSource()).map(({ code }) => code));
    expect([...new Set(Object.values(CODES).flat())].sort()).toEqual([...inSource].sort());
  });

  it('says in which headers a client learns how long to wait, and where it stands', () => {
    const login = document.paths['/auth/login']?.post?.responses;
    const headersOf = (status: string) => Object.keys((login?.[status] as { headers?: object }).headers ?? {});
    expect(headersOf('429')).toEqual(['Retry-After', 'RateLimit-Policy', 'RateLimit']);
    expect(headersOf('200')).toEqual(['RateLimit-Policy', 'RateLimit']);
    expect(headersOf('503')).toContain('Retry-After');
    expect(document.paths['/users/me']?.get?.responses['200']).not.toHaveProperty('headers');
  });

  it('signs in through the token endpoint, with an address and a password', () => {
    expect(document.components?.securitySchemes).toEqual({
      signIn: { type: 'oauth2', flows: { password: { tokenUrl: '/auth/token', scopes: {} } } },
    });
  });

  it('says for every operation whether it needs a token, and the operation keeps to it', async () => {
    const faults: string[] = [];
    for (const { name, method, path, documented } of operations) {
      const { security } = documented;
      const { status, body } = await app.request[method](path.replace(/\{\w+\}/, 'x'));
      const isAsked = status === 401 && body.code === 'token_missing';
      const isDocumented = security?.length === 1 && 'signIn' in (security[0] ?? {});
      if (isAsked !== isDocumented) faults.push(`${name} answered ${status}`);
      if (!isDocumented && security?.length !== 0) faults.push(`${name} leaves it open`);
    }
    expect(faults).toEqual([]);
  });

  it('documents forbidden for the operations that ask for a role, and only for them', () => {
    const inconsistent = operations.filter(
      (operation) => (operation.documented['x-roles'] !== undefined) !== operation.codesOf(403).includes('forbidden'),
    );
    expect(inconsistent.map(({ name }) => name)).toEqual([]);
  });

  it('asks for an admin in everything under /admin, and in nothing else', () => {
    const forAdmins = operations.filter(({ isForAdmins }) => isForAdmins).map(({ name }) => name);
    expect(forAdmins).toEqual(operations.filter(({ path }) => path.startsWith('/admin/')).map(({ name }) => name));
    expect(forAdmins.length).toBeGreaterThanOrEqual(9);
  });

  it('has no word of passwords’ hashes', () => {
    expect(text).not.toMatch(/password_?hash|refresh_?salt/i);
  });

  it('is explored at /docs, which asks this server for it', async () => {
    const page = await app.request.get('/docs').expect(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('<title>Gatehouse</title>');
    const assets = [...page.text.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)].map((match) => match[1] ?? '');
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) expect([asset, (await app.request.get(asset)).status]).toEqual([asset, 200]);
  });

  it('is explored by a page that stores the token across a reload, and never the password', async () => {
    const { text: script } = await app.request.get('/docs/explorer.js').expect(200);
    const stored = new Map<string, string>();
    const calls: ExplorerOptions[] = [];
    runInNewContext(script, {
      SwaggerUIBundle: (options: ExplorerOptions) => calls.push(options),
      localStorage: { setItem: (key: string, value: string) => stored.set(key, value) },
    });
    expect(calls).toMatchObject([{ url: './openapi.json', persistAuthorization: true }]);
    const authorized = { signIn: { token: { access_token: 'abc' }, username: 'ada', password: 'secret' } };
    const { persistAuthorizationIfNeeded: store } = calls[0]?.plugins[0]?.statePlugins.auth.wrapActions ?? {};
    const original = () => {
      throw new Error('The original action stores the password.');
    };
    store?.(original, { authSelectors: { authorized: () => authorized } })();
    expect([...stored.keys()]).toEqual(['authorized']);
    expect(JSON.parse(stored.get('authorized') ?? '')).toEqual({
      signIn: { token: { access_token: 'abc' }, username: 'ada' },
    });
  });

  it('is explored by a Swagger UI that has the action which the page replaces', async () => {
    const { text: bundle } = await app.request.get('/docs/swagger-ui-bundle.js').expect(200);
    expect(bundle).toMatch(/persistAuthorizationIfNeeded=.{1,200}localStorage\.setItem\("authorized"/);
  });
});

describe('with DOCS_ENABLED=false', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env: { DOCS_ENABLED: 'false' } })));
  afterAll(() => app.close());

  it.each(['/docs', '/docs/', '/openapi.json', '/docs/swagger-ui-init.js', '/docs/swagger-ui.css', '/docs-json'])(
    'there is nothing at %s',
    async (path) => {
      const { status, body } = await app.request.get(path);
      expect([status, body.code]).toEqual([404, 'not_found']);
    },
  );
});

/** What the explorer's page passes to Swagger UI. */
interface ExplorerOptions {
  readonly plugins: readonly { readonly statePlugins: { readonly auth: { readonly wrapActions: AuthActions } } }[];
}

type AuthActions = Readonly<Record<string, (original: () => void, system: object) => () => void>>;

/** One of every error class in the source, found by loading every file that defines one. */
async function errorsInSource(): Promise<DomainError[]> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => /(errors?|guard)\.ts$/.test(file));
  const modules = await Promise.all(
    files.map((file) => import(new URL(file, SRC).href) as Promise<Record<string, unknown>>),
  );
  return modules
    .flatMap((module) => Object.values(module))
    .filter((value) => typeof value === 'function' && value.prototype instanceof DomainError)
    .map((type) => new (type as new () => DomainError)());
}
