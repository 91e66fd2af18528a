import { Controller, Get, Module, Post, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Principal } from '../../src/common/principal.js';
import { Scopes, SignInOnly, StepUp } from '../../src/http/access.decorators.js';
import { CurrentPrincipal } from '../../src/http/current-principal.decorator.js';
import { Public } from '../../src/http/public.decorator.js';
import { Roles } from '../../src/http/roles.decorator.js';
import { buildKey, buildSignedIn, type SignedIn } from '../support/builders.js';
import { changeEachCharacter, findAccepted } from '../support/changed-tokens.js';
import { UNKNOWN_ID } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { readOperations } from '../support/operations.js';
import { sendBody } from '../support/send-body.js';
import { rejectedHandshake, SocketClient } from '../support/socket-client.js';
import { TestApp } from '../support/test-app.js';

/** The routes below /auth that accept API keys. */
const KEY_ROUTES: readonly string[] = ['POST /auth/introspect'];

class OptionalAuthGuard extends AuthGuard('jwt') {
  override handleRequest<U>(_error: unknown, user: U): U {
    return user;
  }
}

@Controller('probe-keys')
class ProbeKeysController {
  @Get('plain')
  plain(): void {
    return undefined;
  }

  @Scopes('orders:read', 'orders:write')
  @Get('scoped')
  scoped(): void {
    return undefined;
  }

  @Roles('admin')
  @Scopes('orders:read')
  @Get('admin')
  admin(): void {
    return undefined;
  }

  @StepUp({ maxAge: '10m' })
  @Post('sensitive')
  sensitive(): void {
    return undefined;
  }

  @Public()
  @UseGuards(AuthGuard('jwt'))
  @Get('passport')
  passport(): void {
    return undefined;
  }

  @Public()
  @Scopes('orders:read')
  @UseGuards(AuthGuard('jwt'))
  @Get('passport-scoped')
  passportScoped(): void {
    return undefined;
  }

  @Public()
  @StepUp({ maxAge: '10m' })
  @UseGuards(AuthGuard('jwt'))
  @Get('passport-sensitive')
  passportSensitive(): void {
    return undefined;
  }

  @Public()
  @UseGuards(OptionalAuthGuard)
  @Get('passport-optional')
  passportOptional(@CurrentPrincipal() principal: Principal | null) {
    return { kind: principal?.kind ?? null };
  }
}

@Scopes('orders:read')
@SignInOnly()
@Controller('probe-key-class')
class ProbeKeyClassController {
  @Get('closed')
  closed(): void {
    return undefined;
  }

  @SignInOnly(false)
  @Get('open')
  open(): void {
    return undefined;
  }

  @SignInOnly(false)
  @Scopes('orders:write')
  @Get('writers')
  writers(): void {
    return undefined;
  }

  @SignInOnly(false)
  @StepUp({ maxAge: '10m' })
  @Get('sensitive')
  sensitive(): void {
    return undefined;
  }
}

@Scopes('orders:read')
@WebSocketGateway({ path: '/orders' })
class OrdersGateway {
  @SubscribeMessage('read')
  read(): string {
    return 'orders';
  }

  @Scopes('orders:write')
  @SubscribeMessage('write')
  write(): string {
    return 'written';
  }
}

@Public()
@WebSocketGateway({ path: '/open' })
class OpenGateway {
  @UseGuards(AuthGuard('jwt'))
  @SubscribeMessage('whoami')
  whoami(): string {
    return 'known';
  }
}

@Module({ controllers: [ProbeKeysController, ProbeKeyClassController], providers: [OrdersGateway, OpenGateway] })
class ProbeKeysModule {}

describe('a request with an API key', () => {
  let app: TestApp;
  let ada: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start({ imports: [ProbeKeysModule] });
  });
  beforeEach(async () => {
    ada = await buildSignedIn(app);
  });
  afterAll(() => app.close());

  const get = (path: string, key: string, instance = app) => instance.as(key).get(path);
  const probe = (path: string, key: string) => get(`/probe-keys/${path}`, key);
  const age = ({ sessionId }: SignedIn) =>
    app.database.query(`UPDATE sessions SET authentications = '{}' WHERE id = $1`, [sessionId]);

  describe('Authorization', () => {
    it('rejects every changed, truncated or extended key with key_invalid', async () => {
      const { key } = await buildKey(app, ada);
      const changed = [...changeEachCharacter(key), key.slice(0, -1), `${key}A`, key.toUpperCase(), key.toLowerCase()];
      expect(await findAccepted(app, changed)).toEqual([]);
      const malformed = ['ghk_', 'ghk', 'ghk_é', `${key}"`, `${key.slice(0, 50)} ${key.slice(50)}`];
      const texts = [...changed.filter((text) => /^ghk/i.test(text)), ...malformed];
      const answers = await Promise.all(texts.map((text) => get('/users/me', text)));
      for (const answer of answers) expectProblem(answer, 401, 'key_invalid');
      expect(new Set(answers.map(({ body }) => body.detail as string)).size).toBe(1);
      expect(answers[0]?.body.detail).toContain('API key');
      await get('/users/me', key).expect(200);
    });

    it('rejects a key of another secret without a query', async () => {
      const env = { JWT_SECRET: 'pW3xTz8QmV5rNc2bYh7LkJf4DsGa9UeR' };
      const [foreign, proxy] = await TestApp.startProxied(app, { env });
      const { key } = await buildKey(app, ada);
      const before = proxy.statements;
      expectProblem(await get('/users/me', key, foreign), 401, 'key_invalid');
      expect(proxy.statements).toBe(before);
      await foreign.close();
    });

    it('accepts keys of a previous secret', async () => {
      const env = {
        JWT_SECRET: 'pW3xTz8QmV5rNc2bYh7LkJf4DsGa9UeR',
        JWT_PREVIOUS_SECRETS: app.config.accessToken.secret,
      };
      const rotated = await TestApp.start({ database: app.database, env });
      const { key } = await buildKey(app, ada);
      await get('/users/me', key, rotated).expect(200);
      await rotated.close();
    });

    it('rejects an expired key with key_expired', async () => {
      const { id, key } = await buildKey(app, ada);
      await get('/users/me', key).expect(200);
      await app.database.query(`UPDATE sessions SET expires_at = now(), idle_expires_at = now() WHERE id = $1`, [id]);
      expectProblem(await get('/users/me', key), 401, 'key_expired');
    });

    it('rejects a key in the place of other tokens', async () => {
      const { key } = await buildKey(app, ada);
      expectProblem(await app.request.post('/auth/refresh').send({ refreshToken: key }), 401, 'refresh_token_invalid');
      await app.request.post('/auth/logout').send({ refreshToken: key }).expect(204);
      await get('/users/me', key).expect(200);
      const form = { grant_type: 'refresh_token', refresh_token: key };
      expect((await app.request.post('/auth/token').type('form').send(form)).body.error).toBe('invalid_grant');
      expectProblem(await app.request.get(`/users/me?access_token=${key}`), 401, 'token_missing');
      const elsewhere = [
        { Authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` },
        { Authorization: `Token ${key}` },
        { Authorization: key },
        { Cookie: `access_token=${key}` },
        { 'X-API-Key': key },
      ];
      for (const headers of elsewhere) {
        expectProblem(await app.request.get('/users/me').set(headers), 401, 'token_missing');
      }
    });

    it('never logs a key', async () => {
      const lines: string[] = [];
      const logged = await TestApp.start({ database: app.database, log: { write: (line) => void lines.push(line) } });
      const { key } = await buildKey(logged, ada);
      await get('/users/me', key, logged).expect(200);
      await logged.as(ada.accessToken).delete(`/auth/keys/${key}`).expect(400);
      await get(`/users/me?api_key=${key}`, 'x', logged).expect(401);
      await logged.close();
      expect(lines.join('\n')).toContain('/auth/keys/[key]');
      expect(lines.join('\n')).not.toContain('ghk_');
    });
  });

  describe('the access of a key', () => {
    it('is that of its owner without scopes, and only that of its scopes otherwise', async () => {
      const all = await buildKey(app, ada);
      const some = await buildKey(app, ada, { scopes: ['orders:read'] });
      await probe('plain', all.key).expect(200);
      await probe('scoped', all.key).expect(200);
      await probe('scoped', some.key).expect(200);
      const answer = await probe('plain', some.key);
      expectProblem(answer, 403, 'insufficient_scope');
      expectProblem(await get('/users/me', some.key), 403, 'insufficient_scope');
      expectProblem(await probe('admin', some.key), 403, 'forbidden');
    });

    it('follows the decorators of the controller, unless the route has its own', async () => {
      const all = await buildKey(app, ada);
      const reader = await buildKey(app, ada, { scopes: ['orders:read'] });
      const codes = async ({ key }: { key: string }) => {
        const paths = ['closed', 'open', 'writers', 'sensitive'];
        const answers = await Promise.all(paths.map((path) => get(`/probe-key-class/${path}`, key)));
        return answers.map(({ status, body }) => (status === 200 ? 200 : (body.code as string)));
      };
      expect(await codes(all)).toEqual(['sign_in_required', 200, 200, 'sign_in_required']);
      expect(await codes(reader)).toEqual(['sign_in_required', 200, 'insufficient_scope', 'sign_in_required']);
    });

    it('includes the account with the scope profile:read', async () => {
      const { key } = await buildKey(app, ada, { scopes: ['profile:read'] });
      await get('/users/me', key).expect(200);
    });

    it('never includes writes to the account or routes with a step-up', async () => {
      const { key } = await buildKey(app, ada);
      expectProblem(await app.as(key).patch('/users/me').send({ name: 'Eve' }), 403, 'sign_in_required');
      expectProblem(
        await app.as(key).post('/users/me/email').send({ email: 'e@example.com' }),
        403,
        'sign_in_required',
      );
      expectProblem(await app.as(key).delete('/users/me').send({ password: ada.password }), 403, 'sign_in_required');
      expectProblem(await app.as(key).post('/probe-keys/sensitive'), 403, 'sign_in_required');
    });

    it('includes no route below /auth, except the listed ones', async () => {
      const admin = await buildSignedIn(app, 'admin');
      const { key } = await buildKey(app, admin);
      const operations = (await readOperations(app)).filter(({ path }) => path.startsWith('/auth/'));
      const guarded = operations.filter(({ isGuarded, path }) => isGuarded || path === '/auth/logout');
      const accepted: string[] = [];
      for (const operation of guarded) {
        const request = app.as(key)[operation.method](operation.path.replace('{id}', UNKNOWN_ID));
        sendBody(request, operation, operation.exampleBody);
        const { status, body } = await request;
        if (status !== 403 || body.code !== 'sign_in_required') accepted.push(operation.name);
      }
      expect(guarded.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['POST /auth/keys', 'POST /auth/step-up', 'POST /auth/logout', 'POST /auth/password']),
      );
      expect(accepted).toEqual(KEY_ROUTES);
      await get('/users/me', key).expect(200);
    });

    it("follows the same rules with AuthGuard('jwt') on a public route", async () => {
      const all = await buildKey(app, ada);
      const some = await buildKey(app, ada, { scopes: ['orders:read'] });
      await probe('passport', all.key).expect(200);
      expectProblem(await probe('passport', some.key), 403, 'insufficient_scope');
      await probe('passport-scoped', some.key).expect(200);
      expectProblem(await probe('passport-sensitive', all.key), 403, 'sign_in_required');
      expect((await probe('passport-optional', all.key)).body).toEqual({ kind: 'key' });
      expect((await probe('passport-optional', some.key)).body).toEqual({ kind: null });
      await age(ada);
      expectProblem(await probe('passport-sensitive', ada.accessToken), 401, 'insufficient_user_authentication');
    });

    it('ends where its owner must enroll a second factor', async () => {
      const env = { SECOND_FACTOR_REQUIRED: 'everyone' };
      const strict = await TestApp.start({ imports: [ProbeKeysModule], database: app.database, env });
      const { key } = await buildKey(app, ada);
      for (const path of ['plain', 'passport']) {
        expectProblem(await get(`/probe-keys/${path}`, key, strict), 403, 'second_factor_enrollment_required');
      }
      expectProblem(await strict.as(key).post('/auth/logout'), 403, 'sign_in_required');
      await strict.close();
    });
  });

  describe('to a WebSocket', () => {
    it('follows the scopes of the gateway and its handlers', async () => {
      const reader = await buildKey(app, ada, { scopes: ['orders:read'] });
      const stranger = await buildKey(app, ada, { scopes: ['profile:read'] });
      const rejected = await rejectedHandshake(app, '/orders', { token: stranger.key });
      expect(rejected).toMatchObject({ status: 403, problem: { code: 'insufficient_scope' } });
      const forged = await rejectedHandshake(app, '/orders', { token: `${reader.key.slice(0, -1)}_` });
      expect(forged).toMatchObject({ status: 401, problem: { code: 'key_invalid' } });
      for (const handshake of [{ token: reader.key }, { protocols: ['bearer', reader.key] }]) {
        const client = await SocketClient.open(app, '/orders', handshake);
        expect(await client.ask('read')).toBe('orders');
        expect(JSON.stringify(await client.ask('write'))).toContain('insufficient_scope');
        client.socket.terminate();
      }
    });

    it('ends when the key is revoked', async () => {
      const { id, key } = await buildKey(app, ada);
      const client = await SocketClient.open(app, '/orders', { token: key });
      await app.as(ada.accessToken).delete(`/auth/keys/${id}`).expect(204);
      expect((await client.closed).reason).toContain('key_revoked');
    });

    it("is rejected by AuthGuard('jwt') of a public gateway", async () => {
      const { key } = await buildKey(app, ada);
      for (const [token, answer] of [
        [ada.accessToken, 'known'],
        [key, 'sign_in_required'],
      ]) {
        const client = await SocketClient.open(app, '/open', { token: token ?? '' });
        expect(JSON.stringify(await client.ask('whoami'))).toContain(answer);
        client.socket.terminate();
      }
    });
  });

  describe('RATE_LIMIT_KEY', () => {
    it('rejects further requests of one key without a query, and not those of others', async () => {
      const env = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_KEY: '3/1d' };
      const [limited, proxy] = await TestApp.startProxied(app, { env });
      const { key } = await buildKey(app, ada);
      for (let remaining = 2; remaining >= 0; remaining -= 1) {
        const { headers } = await get('/users/me', key, limited).expect(200);
        expect(headers['ratelimit-policy']).toBe('"key";q=3;w=86400');
        expect(headers['ratelimit']).toMatch(new RegExp(`^"key";r=${remaining};t=\\d+$`));
      }
      const before = proxy.statements;
      const answer = await get('/users/me', key, limited);
      expectProblem(answer, 429, 'too_many_requests');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.headers['ratelimit']).toMatch(/^"key";r=0;/);
      expect(proxy.statements).toBe(before);
      const another = await buildKey(app, ada);
      await get('/users/me', another.key, limited).expect(200);
      await get('/users/me', ada.accessToken, limited).expect(200);
      await limited.close();
    });

    it('neither counts nor stops the revocation of a key', async () => {
      const env = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_KEY: '1/1d' };
      const limited = await TestApp.start({ database: app.database, env });
      const { key } = await buildKey(app, ada);
      await get('/users/me', key, limited).expect(200);
      await get('/users/me', key, limited).expect(429);
      await limited.request.post('/auth/revoke').type('form').send({ token: key }).expect(200);
      expectProblem(await get('/users/me', key), 401, 'key_revoked');
      await limited.close();
    });
  });
});
