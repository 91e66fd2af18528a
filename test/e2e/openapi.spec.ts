import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Spectral, type RulesetDefinition } from '@stoplight/spectral-core';
import { oas } from '@stoplight/spectral-rulesets';
import { load } from 'js-yaml';
import { FIELD_CODES } from '../../src/common/field-error.js';
import { findBreakingChanges } from '../../scripts/openapi/breaking-changes.js';
import { RELEASED, SCHEMA, toClientTypes } from '../../scripts/openapi/client-types.js';
import { REVOCATION_REASONS } from '../../src/sessions/revocation.js';
import { errorsInSource, type ErrorInSource } from '../support/errors-in-source.js';
import { operationsOf, schemesOf, type Operation, type Schema } from '../support/operations.js';
import { isOwnRoute, routesOf } from '../support/routes.js';
import { TestApp } from '../support/test-app.js';

const CONTRACT = new URL('../../docs/api.md', import.meta.url);

/** The folders of Gatehouse. A module of a team is in another one, and docs/api.md does not list its codes. */
const OWN_FOLDERS = ['auth', 'cli', 'common', 'config', 'health', 'http', 'platform', 'server', 'sessions', 'users'];
/** Errors that only streams and other transports report. */
const NOT_OVER_HTTP = ['origin_not_allowed', 'server_stopping', 'too_many_streams', 'unsupported_transport'];

describe('the OpenAPI document', () => {
  let app: TestApp;
  let document: OpenAPIObject;
  let text: string;
  let operations: Operation[];
  let errors: readonly ErrorInSource[];

  beforeAll(async () => {
    app = await TestApp.start();
    errors = await errorsInSource();
    const answer = await app.request.get('/openapi.json').expect(200);
    text = answer.text;
    document = answer.body as OpenAPIObject;
    operations = operationsOf(document);
  });
  afterAll(() => app.close());

  it('passes the linter', async () => {
    const config = await createConfig({ extends: ['recommended'] });
    const problems = await lintFromString({ source: text, config });
    const isOfTeam = (pointer = '') => pointer.startsWith('#/paths/') && !isOwnRoute({ path: pathOfPointer(pointer) });
    const own = problems.filter(
      ({ ruleId, location }) => ruleId !== 'operation-summary' || !isOfTeam(location[0]?.pointer),
    );
    expect(own.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  });

  it('passes the recommended rules of Spectral', async () => {
    const spectral = new Spectral();
    spectral.setRuleset({ extends: [[oas as RulesetDefinition, 'recommended']] });
    const results = await spectral.run(text);
    const isOfTeam = ([part, path]: readonly (string | number)[]) =>
      part === 'paths' && !isOwnRoute({ path: String(path) });
    const own = results.filter(({ code, path }) => code !== 'operation-description' || !isOfTeam(path));
    expect(own.map(({ code, message, path }) => [code, message, path.join('/')])).toEqual([]);
  });

  it('has a description for every operation, and an example for every field and parameter', () => {
    // Modules that are written as Nest's documentation describes have neither.
    const own = operations.filter(isOwnRoute);
    expect(own.filter(({ documented }) => !documented.description).map(({ name }) => name)).toEqual([]);
    const names = schemasOf(
      document,
      own.map(({ documented }) => documented),
    );
    expect(names.size).toBeGreaterThan(20);
    const schemas = Object.entries(document.components?.schemas as Record<string, Schema>);
    const fields = schemas
      .filter(([name]) => names.has(name))
      .flatMap(([name, { properties = {} }]) =>
        Object.entries(properties).map(([field, schema]) => ({ name: `${name}.${field}`, schema })),
      );
    const isComposed = ({ $ref, items, allOf, type }: Schema) => $ref ?? (type === undefined ? allOf : items?.$ref);
    const bare = fields.filter(({ schema }) => !('example' in schema) && isComposed(schema) === undefined);
    expect(bare.map(({ name }) => name)).toEqual([]);
    const parameters = own.flatMap(({ name, documented: { parameters = [] } }) =>
      parameters
        // Swagger omits the example of a reference. The first value of an enumeration works.
        .filter(({ schema, ...parameter }) => !('example' in parameter || 'example' in schema || '$ref' in schema))
        .map((p) => `${name} ${p.name}`),
    );
    expect(parameters).toEqual([]);
  });

  it('has examples that work: two passwords, a dry run and a time in the future', () => {
    const exampleOf = (wanted: string) =>
      operations.find(({ name }) => name === wanted)?.exampleBody as Record<string, string | boolean>;
    const { currentPassword, newPassword } = exampleOf('POST /auth/password');
    expect(currentPassword).not.toBe(newPassword);
    expect(exampleOf('POST /admin/sessions/revoke')['dryRun']).toBe(true);
    expect(Date.parse(String(exampleOf('PATCH /admin/sessions/{id}')['expiresAt']))).toBeGreaterThan(Date.now());
  });

  it('requires the response of a passkey, and its members, where the routes do', () => {
    const schemas = document.components?.schemas as Record<string, Schema & { required?: readonly string[] }>;
    const requiredBy = (name: string) => schemas[name]?.required ?? [];
    const names = ['AddPasskey', 'PasskeySignIn', 'LoginFactor', 'StepUp'];
    expect(names.map(requiredBy)).toEqual([['response'], ['response'], ['challenge'], []]);
    expect(schemas['StepUp']?.properties?.['passkey']).toMatchObject({ required: ['id', 'rawId', 'type', 'response'] });
  });

  it('has the version of package.json and a relative server, so that a path prefix works', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect([document.info.version, document.servers]).toEqual([version, [{ url: '.' }]]);
  });

  it('is served as YAML', async () => {
    const { text: yaml, headers } = await app.request.get('/openapi.yaml').expect(200);
    expect(headers['content-type']).toMatch(/yaml/);
    const parsed = load(yaml) as OpenAPIObject;
    expect(Object.keys(parsed.paths)).toEqual(Object.keys(document.paths));
  });

  it('has the types of the TypeScript client', async () => {
    const types = await toClientTypes(text);
    // Otherwise Jest would print 7,000 lines.
    const isCurrent = types === readFileSync(SCHEMA, 'utf8');
    expect(isCurrent ? '' : `${SCHEMA} does not match the API. Run npm run client and commit the result.`).toBe('');
  });

  it('is the document of the last release in the changelog, in clients/released.json', () => {
    const [, latest] = /^## \[(\d[^\]]*)\]/m.exec(readFileSync('CHANGELOG.md', 'utf8')) ?? [];
    const released = JSON.parse(readFileSync(RELEASED, 'utf8')) as OpenAPIObject;
    const isCurrent = latest === undefined || released.info.version === latest;
    expect(isCurrent ? '' : `Run npm run client -- --release for ${latest}, as CONTRIBUTING.md describes.`).toBe('');
  });

  it('breaks no client of the last release', () => {
    const released = JSON.parse(readFileSync(RELEASED, 'utf8')) as Record<string, unknown>;
    expect(findBreakingChanges(released, { ...document })).toEqual([]);
  });

  it('contains exactly the routes of the application', () => {
    const served = routesOf(app).map(({ name }) => name);
    expect(served.length).toBeGreaterThan(20);
    expect(operations.map(({ name }) => name).sort()).toEqual(served.sort());
  });

  it('has a summary, a unique operation ID and a known tag for every operation', () => {
    const bare = operations
      .filter(isOwnRoute)
      .filter(({ documented: { summary, operationId, tags = [] } }) => !summary || !operationId || tags.length !== 1);
    expect(bare.map(({ name }) => name)).toEqual([]);
    expect(new Set(operations.map(({ documented }) => documented.operationId)).size).toBe(operations.length);
    const known = document.tags?.map(({ name }) => name) ?? [];
    expect(operations.flatMap(({ documented }) => documented.tags ?? []).filter((tag) => !known.includes(tag))).toEqual(
      [],
    );
  });

  it('names operations after their handlers, and schemas without Dto', () => {
    const idOf = (wanted: string) => operations.find(({ name }) => name === wanted)?.documented.operationId;
    expect(['GET /users/me', 'POST /auth/token', 'GET /admin/sessions'].map(idOf)).toEqual([
      'getCurrentUser',
      'requestToken',
      'listAllSessions',
    ]);
    expect(Object.keys(document.components?.schemas ?? {})).toContain('User');
    expect(text).not.toContain('Dto');
  });

  it('describes exactly one successful response for every operation', () => {
    const violations = operations.filter(isOwnRoute).flatMap(({ name, documented: { responses } }) => {
      const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      if (good.length !== 1) return [`${name} has ${good.length} good answers`];
      return good.flatMap(([status, { description, content }]) => {
        if (!description) return [`${name} ${status} has no description`];
        const shapes = Object.values(content ?? {}).filter(({ schema }) => schema);
        return ['202', '204'].includes(status) === (shapes.length === 0) ? [] : [`${name} ${status} has no schema`];
      });
    });
    expect(violations).toEqual([]);
  });

  it('has consistent problem examples with codes and statuses from the source', () => {
    const known = new Set(errors.map((error) => error.statusAndCode));
    const violations = operations.flatMap(({ name, documented: { responses } }) =>
      Object.entries(responses).flatMap(([status, { content }]) =>
        Object.entries(content?.['application/problem+json']?.examples ?? {}).flatMap(([code, { value }]) => {
          const isKnown = known.has(`${Number(status)} ${code}`);
          const isItself = value.code === code && value.status === Number(status) && value.type.endsWith(`:${code}`);
          return isKnown && isItself ? [] : [`${name} ${status} ${code}`];
        }),
      ),
    );
    expect(violations).toEqual([]);
  });

  it('has an example for every problem response', () => {
    const bare = operations.flatMap(({ name, documented: { responses } }) =>
      Object.entries(responses)
        .filter(([, { content }]) => content?.['application/problem+json'])
        .filter(([, { content }]) => !content?.['application/problem+json']?.examples)
        .map(([status]) => `${name} ${status}`),
    );
    expect(bare).toEqual([]);
  });

  it('contains the code of every error class in the source', () => {
    expect(errors.length).toBeGreaterThan(20);
    const missing = errors.filter(({ code }) => !text.includes(code) && !NOT_OVER_HTTP.includes(code));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('has one status per code, and no module shares a code', () => {
    const conflicts = errors.flatMap((error) => {
      const same = errors.filter(({ code }) => code === error.code);
      const isOwn = same.every(({ folder }) => OWN_FOLDERS.includes(folder));
      const isUnique = same.every(
        (other) => other.statusAndCode === error.statusAndCode && (isOwn || other.folder === error.folder),
      );
      return isUnique ? [] : [`${error.folder}: ${error.name} ${error.statusAndCode}`];
    });
    expect(conflicts).toEqual([]);
  });

  it('and docs/api.md contain exactly the codes of Gatehouse in the source', () => {
    const rows = readFileSync(CONTRACT, 'utf8').matchAll(/^\| (\d{3}) +\| `(\w+)`/gm);
    const documented = [...rows].map(([, status, code]) => `${status} ${code}`);
    const own = errors.filter(({ folder }) => OWN_FOLDERS.includes(folder));
    expect(documented.sort()).toEqual([...new Set(own.map((error) => error.statusAndCode))].sort());
  });

  it('and docs/api.md contain the codes of invalid fields', () => {
    const rows = readFileSync(CONTRACT, 'utf8').matchAll(/^\| `(\w+)` +\|/gm);
    const { FieldErrorCode } = document.components?.schemas as Record<string, Schema>;
    expect(FieldErrorCode?.enum).toEqual(FIELD_CODES);
    expect([...rows].map(([, code]) => code)).toEqual(expect.arrayContaining([...FIELD_CODES]));
  });

  it('limits the code of every problem response to its examples, and lists all codes', () => {
    const codes = operations.flatMap(({ name, documented: { responses } }) =>
      Object.entries(responses).flatMap(([status, { content }]) => {
        const { schema, examples = {} } = content?.['application/problem+json'] ?? {};
        if (!schema) return [];
        const narrowed = (schema as { allOf: Schema[] }).allOf[1]?.properties?.['code']?.enum ?? [];
        expect([name, status, narrowed]).toEqual([name, status, Object.keys(examples)]);
        return narrowed;
      }),
    );
    const { ProblemCode, RevocationReason, Problem } = document.components?.schemas as Record<string, Schema>;
    const general = ['not_found', 'method_not_allowed'];
    expect(ProblemCode?.enum).toEqual([...new Set([...codes, ...general])].sort());
    expect(RevocationReason?.enum).toEqual(REVOCATION_REASONS);
    expect(JSON.stringify(Problem?.properties?.['reason'])).toContain('"#/components/schemas/RevocationReason"');
  });

  it('documents the headers that responses have', () => {
    const headersOf = (path: string, method: 'get' | 'post', status: string) =>
      Object.keys((document.paths[path]?.[method]?.responses[status] as { headers?: object }).headers ?? {});
    const limits = ['RateLimit-Policy', 'RateLimit'];
    expect(headersOf('/auth/login', 'post', '429')).toEqual(['X-Request-Id', 'Retry-After', ...limits]);
    expect(headersOf('/auth/login', 'post', '200')).toEqual(['X-Request-Id', ...limits, 'Set-Cookie']);
    expect(headersOf('/auth/login', 'post', '503')).toContain('Retry-After');
    expect(headersOf('/users/me', 'get', '401')).toEqual(['X-Request-Id', 'WWW-Authenticate']);
    expect(headersOf('/users/me', 'get', '200')).toEqual(['X-Request-Id']);
    const withoutId = operations.filter(({ documented: { responses } }) =>
      Object.values(responses).some((response) => !('X-Request-Id' in (response.headers ?? {}))),
    );
    expect(withoutId.map(({ name }) => name)).toEqual([]);
  });

  it('documents the limit of connections for every operation, and the deadline except for probes', () => {
    const without = (status: number, code: string) =>
      operations
        // Their errors are OAuth errors, which the next test checks.
        .filter(({ path }) => !['/auth/token', '/auth/revoke', '/auth/introspect'].includes(path))
        .filter((operation) => !operation.codesOf(status).includes(code))
        .map(({ path }) => path);
    expect(without(429, 'too_many_connections')).toEqual([]);
    const probes = without(503, 'request_timeout').filter((path) => !path.startsWith('/health/'));
    expect(probes).toEqual(['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']);
  });

  it('documents OAuth errors with the codes of their status at the OAuth endpoints', () => {
    const [token = {}, revocation = {}, introspection = {}] = ['/auth/token', '/auth/revoke', '/auth/introspect'].map(
      (name) => operations.find(({ path }) => path === name)?.documented.responses,
    );
    const codesOf = (status: number) =>
      (token[status]?.content?.['application/json']?.schema as { allOf?: Schema[] }).allOf?.[1]?.properties?.['error']
        ?.enum;
    expect([400, 429, 500, 503].map(codesOf)).toEqual([
      ['invalid_request', 'invalid_grant', 'unsupported_grant_type'],
      ['temporarily_unavailable'],
      ['server_error'],
      ['temporarily_unavailable'],
    ]);
    expect(Object.keys(revocation)).toEqual(['200', '400', '429', '500', '503']);
    expect(Object.keys(introspection)).toEqual(['200', '400', '401', '403', '429', '500', '503']);
    expect(Object.keys(introspection['401']?.headers ?? {})).toContain('WWW-Authenticate');
    const all = [token, revocation, introspection].flatMap((responses) => Object.values(responses));
    const types = all.flatMap(({ content = {} }) => Object.keys(content));
    expect(new Set(types)).toEqual(new Set(['application/json']));
  });

  it('declares the password flow with the token endpoint', () => {
    expect(document.components?.securitySchemes).toEqual({
      signIn: { type: 'oauth2', flows: { password: { tokenUrl: 'auth/token', scopes: {} } } },
    });
  });

  it('states correctly for every operation whether it needs a token', async () => {
    const violations: string[] = [];
    for (const { name, method, path, documented } of operations) {
      // A sign-out needs a token in its header or its body.
      const optional = name === 'POST /auth/logout' ? ',' : '';
      const schemes = schemesOf(documented).join();
      const { status, body } = await app.request[method](path.replace(/\{\w+\}/, 'x'));
      const isAsked = status === 401 && (body.code === 'token_missing' || body.error === 'invalid_client');
      if (isAsked !== (schemes === `${optional}signIn`)) violations.push(`${name} answered ${status}`);
      if (schemes !== '' && schemes !== `${optional}signIn`) violations.push(`${name} leaves it open`);
    }
    expect(violations).toEqual([]);
  });

  it('documents forbidden for exactly the operations that require a role or a permission', () => {
    const inconsistent = operations.filter((operation) => {
      const rule = operation.documented['x-roles'] ?? operation.documented['x-permissions'];
      return (rule !== undefined) !== operation.codesOf(403).includes('forbidden');
    });
    expect(inconsistent.map(({ name }) => name)).toEqual([]);
  });

  it('allows a role for every operation, but not the role user under /admin', () => {
    const isUnderAdmin = ({ path }: Operation) => path.startsWith('/admin/');
    expect(operations.filter(({ roles }) => roles.length === 0).map(({ name }) => name)).toEqual([]);
    const closed = operations.filter(({ roles }) => !roles.includes('user'));
    expect(closed.filter(isUnderAdmin)).toEqual(operations.filter(isUnderAdmin));
    expect(closed.filter(isOwnRoute)).toEqual(operations.filter(isUnderAdmin).filter(isOwnRoute));
    expect(closed.length).toBeGreaterThanOrEqual(9);
  });

  it('does not mention password hashes or refresh salts', () => {
    expect(text).not.toMatch(/password_?hash|refresh_?salt/i);
  });

  it.each(['/docs', '/docs/'])('is shown at %s with all assets from this server', async (path) => {
    const page = await app.request.get(path).expect(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('<title>Gatehouse</title>');
    const assets = await readAssets(app, path, page.text);
    expect(assets.size).toBeGreaterThan(8);
    expect(assets.get('/docs/explorer.js')).toContain(`new URL('../openapi.json', import.meta.url)`);
  });

  it('is shown by a Swagger UI with the components and actions that the page replaces', async () => {
    const { text: bundle } = await app.request.get('/docs/swagger-ui-bundle.js').expect(200);
    expect(bundle).toMatch(/persistAuthorizationIfNeeded=.{1,200}localStorage\.setItem\("authorized"/);
    for (const name of ['authorizationPopup', 'oauth2', 'InfoContainer', 'AuthorizeBtnContainer', 'ServersContainer']) {
      expect([name, bundle.includes(`("${name}"`)]).toEqual([name, true]);
    }
  });
});

describe('DOCS_ENABLED=false', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env: { DOCS_ENABLED: 'false' } })));
  afterAll(() => app.close());

  it.each(['/docs', '/docs/', '/openapi.json', '/docs/swagger-ui-init.js', '/docs/swagger-ui.css', '/docs-json'])(
    'removes %s',
    async (path) => {
      const { status, body } = await app.request.get(path);
      expect([status, body.code]).toEqual([404, 'not_found']);
    },
  );
});

/** Returns the path in a JSON pointer such as `#/paths/~1users~1me/get`. */
const pathOfPointer = (pointer: string) => pointer.split('/')[2]?.replaceAll('~1', '/') ?? '';

/** Returns the names of the schemas that operations use, directly or in other schemas. */
function schemasOf(document: OpenAPIObject, used: unknown, found = new Set<string>()): Set<string> {
  for (const [, name = ''] of JSON.stringify(used ?? {}).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    if (found.has(name)) continue;
    found.add(name);
    schemasOf(document, document.components?.schemas?.[name], found);
  }
  return found;
}

/** Returns the files of a page by their path, with the modules that its scripts import. Every file must exist. */
async function readAssets(app: TestApp, base: string, html: string): Promise<Map<string, string>> {
  const assets = new Map<string, string>();
  const load = async (text: string, references: RegExp, from: string): Promise<void> => {
    for (const [, reference = ''] of text.matchAll(references)) {
      const path = new URL(reference, `http://any.example${from}`).pathname;
      const response = await app.request.get(path);
      expect([path, response.status]).toEqual([path, 200]);
      assets.set(path, response.text);
      if (path.endsWith('.js') && !path.includes('swagger-ui')) await load(response.text, /from '([^']+)'/g, path);
    }
  };
  await load(html, /(?:src|href)="([^"]+)"/g, base);
  return assets;
}
