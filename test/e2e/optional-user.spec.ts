import { Controller, Get, Module, Post, Sse, UseInterceptors, type MessageEvent } from '@nestjs/common';
import { AnyFilesInterceptor } from '@nestjs/platform-express';
import type { OpenAPIObject } from '@nestjs/swagger';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { concat, NEVER, of, type Observable } from 'rxjs';
import type { Principal } from '../../src/common/principal.js';
import { Multipart } from '../../src/http/body/body.decorators.js';
import { CurrentPrincipal } from '../../src/http/current-principal.decorator.js';
import { Public } from '../../src/http/public.decorator.js';
import { SessionLookup } from '../../src/sessions/session.lookup.js';
import { CurrentUser } from '../../src/users/current-user.decorator.js';
import type { User } from '../../src/users/user.entity.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { EventStream } from '../support/event-stream.js';
import { expectProblem } from '../support/expect-problem.js';
import { forgeToken } from '../support/forge-token.js';
import { exchange, rawRequest } from '../support/raw-http.js';
import { rejectedHandshake, SocketClient } from '../support/socket-client.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

@Public()
@Controller('probe-optional')
class ProbeOptionalController {
  @Get('current')
  current(@CurrentUser() user: User | null, @CurrentPrincipal() principal: Principal | null) {
    return { id: user?.id ?? null, sessionId: principal?.sessionId ?? null };
  }

  @Get('anyone')
  anyone() {
    return {};
  }

  @Sse('events')
  events(@CurrentUser() user: User | null): Observable<MessageEvent> {
    return concat(of({ data: { id: user?.id ?? null } }), NEVER);
  }

  @Post('upload')
  @Multipart()
  @UseInterceptors(AnyFilesInterceptor())
  upload(@CurrentUser() user: User | null) {
    return { id: user?.id ?? null };
  }
}

@Public()
@WebSocketGateway({ path: '/probe-optional' })
class ProbeOptionalGateway {
  @SubscribeMessage('whoami')
  whoAmI(@CurrentUser() user: User | null): string {
    return user?.id ?? 'nobody';
  }
}

@Module({ controllers: [ProbeOptionalController], providers: [ProbeOptionalGateway] })
class ProbeOptionalModule {}

describe('a public route that takes the current user', () => {
  let app: TestApp;
  let ada: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start({ imports: [ProbeOptionalModule] });
    ada = await buildSignedIn(app);
  });
  afterAll(() => app.close());

  const PATH = '/probe-optional';
  const get = (authorization?: string, path = 'current') => {
    const request = app.request.get(`${PATH}/${path}`);
    return authorization === undefined ? request : request.set('Authorization', authorization);
  };
  const bearer = (token: string) => `Bearer ${token}`;
  const signOut = ({ accessToken }: SignedIn) => app.as(accessToken).post('/auth/logout').expect(204);

  it.each([
    ['no token', undefined],
    ['another scheme', 'Basic bGlmZTpob3JzZQ=='],
  ])('gets null with %s', async (_, authorization) => {
    expect((await get(authorization).expect(200)).body).toEqual({ id: null, sessionId: null });
  });

  it('gets the user of a valid token', async () => {
    expect((await get(bearer(ada.accessToken)).expect(200)).body).toEqual({ id: ada.id, sessionId: ada.sessionId });
  });

  it('rejects an invalid, expired or revoked token with its code', async () => {
    const eve = await buildSignedIn(app);
    await signOut(eve);
    const expired = forgeToken(ada.accessToken, { claims: { iat: 1, exp: 2 } });
    const tokens = { session_revoked: eve.accessToken, token_expired: expired, token_invalid: 'x' };
    for (const [code, token] of Object.entries(tokens)) {
      const answer = await get(bearer(token));
      expectProblem(answer, 401, code);
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    }
    expectProblem(await get('Bearer'), 401, 'token_invalid');
    const headers = ['Authorization: Basic x', `Authorization: ${bearer(ada.accessToken)}`];
    expect((await exchange(app, rawRequest(`GET ${PATH}/current`, headers))).status).toBe(401);
  });

  it('looks up a session only for the current user of a token', async () => {
    const check = jest.spyOn(app.app.get(SessionLookup), 'check');
    await get().expect(200);
    await get(bearer(ada.accessToken), 'anyone').expect(200);
    await get('Bearer x', 'anyone').expect(200);
    expect(check).not.toHaveBeenCalled();
    await get(bearer(ada.accessToken)).expect(200);
    expect(check).toHaveBeenCalledTimes(1);
    check.mockRestore();
  });

  it('gets the user of an upload', async () => {
    const [anonymous, signedIn] = [app.request, app.as(ada.accessToken)].map((as) =>
      as.post(`${PATH}/upload`).attach('file', Buffer.from('hello'), 'hello.txt'),
    );
    expect([(await anonymous)?.body, (await signedIn)?.body]).toEqual([{ id: null }, { id: ada.id }]);
  });

  it('may be an event stream, which closes when the session ends', async () => {
    const eve = await buildSignedIn(app);
    const anonymous = await EventStream.open(app, `${PATH}/events`);
    const stream = await EventStream.open(app, `${PATH}/events`, eve.accessToken);
    await until('both users arrive', () => anonymous.text.includes('{"id":null}') && stream.text.includes(eve.id));
    await signOut(eve);
    await stream.ended;
    expect(stream.last('closed')).toMatchObject({ code: 'session_revoked' });
    expect(anonymous.isOpen).toBe(true);
    anonymous.close();
  });

  it('may be a gateway, whose handshake is then checked', async () => {
    const eve = await buildSignedIn(app);
    const anonymous = await SocketClient.open(app, PATH);
    const client = await SocketClient.open(app, PATH, { token: eve.accessToken });
    expect([await anonymous.ask('whoami'), await client.ask('whoami')]).toEqual(['nobody', eve.id]);
    expect(await rejectedHandshake(app, PATH, { token: 'x' })).toMatchObject({ status: 401 });
    await signOut(eve);
    expect(await client.closed).toMatchObject({ code: 4401, reason: 'session_revoked' });
    anonymous.socket.terminate();
  });

  it('is documented as usable with and without a token', async () => {
    const { paths } = (await app.request.get('/openapi.json').expect(200)).body as OpenAPIObject;
    const operation = paths[`${PATH}/current`]?.get;
    expect(operation?.security).toEqual([{}, { signIn: [] }]);
    expect(paths[`${PATH}/anyone`]?.get?.security).toEqual([]);
    expect(operation?.responses).toHaveProperty('401');
    expect(JSON.stringify(paths)).not.toContain('"x-user"');
  });
});
