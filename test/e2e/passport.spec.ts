import {
  applyDecorators,
  Controller,
  createParamDecorator,
  Get,
  Injectable,
  Module,
  Post,
  Req,
  SetMetadata,
  UploadedFile,
  UseGuards,
  UseInterceptors,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { FileInterceptor } from '@nestjs/platform-express';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Request } from 'express';
import { Strategy as JwtStrategy } from 'passport-jwt';
import { Strategy } from 'passport-strategy';
import { Multipart } from '../../src/http/body/body.decorators.js';
import { CurrentPrincipal } from '../../src/http/current-principal.decorator.js';
import { Public } from '../../src/http/public.decorator.js';
import type { Principal } from '../../src/common/principal.js';
import { SessionLookup } from '../../src/sessions/session.lookup.js';
import { DatabaseUnavailableError } from '../../src/platform/database/pg-errors.js';
import { CurrentUser } from '../../src/users/current-user.decorator.js';
import type { User } from '../../src/users/user.entity.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblem, expectProblemDocument } from '../support/expect-problem.js';
import { forgeToken } from '../support/forge-token.js';
import { multipart, part, SlowUpload } from '../support/slow-upload.js';
import { SocketClient } from '../support/socket-client.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

type RequestWithUser = Request & { user: User };

/** Guards as in Nest's documentation. */
@Injectable()
class TeamRolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const roles = this.reflector.get<string[]>('roles', context.getHandler());
    return roles.includes(context.switchToHttp().getRequest<RequestWithUser>().user.role);
  }
}

const Auth = (...roles: string[]) =>
  applyDecorators(SetMetadata('roles', roles), UseGuards(AuthGuard('jwt'), TeamRolesGuard));

@Injectable()
class OptionalAuthGuard extends AuthGuard('jwt') {
  override handleRequest<U>(_error: unknown, user: U): U {
    return user;
  }
}

const UserField = createParamDecorator(
  (field: keyof User, context: ExecutionContext) => context.switchToHttp().getRequest<RequestWithUser>().user[field],
);

class HeaderStrategy extends Strategy {
  constructor(private readonly verify: (key: unknown, done: (error: unknown, user: object | null) => void) => void) {
    super();
  }

  override authenticate(request: Request): void {
    this.verify(request.headers['x-api-key'], (error, user) => {
      if (error) this.error(error as Error);
      else if (user) this.success(user);
      else this.fail('Api-Key', 401);
    });
  }
}

@Injectable()
class ApiKeyStrategy extends PassportStrategy(HeaderStrategy, 'api-key') {
  validate(key: unknown): object | null {
    return key === 'key of a partner' ? { email: 'partner' } : null;
  }
}

let uploads = 0;

@Controller('probe-passport')
class ProbePassportController {
  @Get('jwt')
  @UseGuards(AuthGuard('jwt'))
  jwt(@Req() { user }: RequestWithUser) {
    return { id: user.id, email: user.email, role: user.role };
  }

  @Public()
  @Get('public')
  @UseGuards(AuthGuard('jwt'))
  publicJwt(@UserField('email') email: string, @CurrentPrincipal() { sessionId }: Principal) {
    return { email, sessionId };
  }

  @Public()
  @Get('default')
  @UseGuards(AuthGuard())
  defaultStrategy(@UserField('email') email: string) {
    return { email };
  }

  @Public()
  @Get('either')
  @UseGuards(AuthGuard(['jwt', 'api-key']))
  either(@UserField('email') email: string) {
    return { email };
  }

  @Public()
  @Get('optional')
  @UseGuards(OptionalAuthGuard)
  optional(@CurrentUser() user: User | null) {
    return { isSignedIn: user !== null };
  }

  @Public()
  @Get('partner')
  @UseGuards(AuthGuard('api-key'))
  partner(@CurrentUser() user: User | null) {
    return { email: user?.email };
  }

  @Get('admin')
  @Auth('admin')
  admin() {
    return {};
  }

  @Public()
  @Post('upload')
  @UseGuards(AuthGuard('jwt'))
  @Multipart()
  @UseInterceptors(
    FileInterceptor('file', {
      fileFilter: (_request, _file, accept) => {
        uploads += 1;
        accept(null, true);
      },
    }),
  )
  upload(@UploadedFile() file: Express.Multer.File, @CurrentPrincipal() { userId }: Principal) {
    return { size: file.size, userId };
  }
}

@Public()
@WebSocketGateway()
class PassportGateway {
  @UseGuards(AuthGuard('jwt'))
  @SubscribeMessage('email')
  email(client: { user: User }): string {
    return client.user.email;
  }
}

@Module({
  imports: [PassportModule.register({ defaultStrategy: 'jwt' })],
  controllers: [ProbePassportController],
  providers: [ApiKeyStrategy, PassportGateway],
})
class TeamModule {}

let app: TestApp;
let other: TestApp;
let ada: SignedIn;
let admin: SignedIn;
beforeAll(async () => {
  app = await TestApp.start({ imports: [TeamModule] });
  const env = { JWT_SECRET: 'pW3xTz8QmV5rNc2bYh7LkJf4DsGa9UeR' };
  other = await TestApp.start({ imports: [TeamModule], database: app.database, env });
  ada = await buildSignedIn(app);
  admin = await buildSignedIn(app, 'admin');
});
afterAll(() => app.close());

const get = (path: string, { accessToken } = ada, from = app) => from.as(accessToken).get(`/probe-passport/${path}`);

async function buildRevoked(): Promise<SignedIn> {
  const eve = await buildSignedIn(app);
  await app.as(eve.accessToken).post('/auth/logout').expect(204);
  return eve;
}

describe("AuthGuard('jwt')", () => {
  it('sets request.user to the current user', async () => {
    const { body } = await get('jwt').expect(200);
    expect(body).toEqual({ id: ada.id, email: ada.email, role: 'user' });
  });

  it.each(['public', 'default', 'either'])('authenticates the user on a public route: %s', async (path) => {
    const { body } = await get(path).expect(200);
    expect(body.email).toBe(ada.email);
  });

  it('sets the principal on a public route', async () => {
    expect((await get('public')).body.sessionId).toBe(ada.sessionId);
  });

  it.each(['jwt', 'public', 'default', 'either'])('rejects a revoked session with its code: %s', async (path) => {
    const answer = await get(path, await buildRevoked());
    expectProblem(answer, 401, 'session_revoked');
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it.each(['public', 'default', 'either'])('rejects a missing or invalid token with its code: %s', async (path) => {
    expectProblem(await app.request.get(`/probe-passport/${path}`), 401, 'token_missing');
    expectProblem(await get(path, { ...ada, accessToken: 'x' }), 401, 'token_invalid');
    const accessToken = forgeToken(ada.accessToken, { claims: { iat: 1, exp: 2 } });
    expectProblem(await get(path, { ...ada, accessToken }), 401, 'token_expired');
  });

  it('accepts a user of another strategy in the same guard', async () => {
    const call = () => app.request.get('/probe-passport/either').set('X-Api-Key', 'key of a partner');
    expect((await call().expect(200)).body).toEqual({ email: 'partner' });
    expect((await call().auth('x', { type: 'bearer' }).expect(200)).body).toEqual({ email: 'partner' });
  });

  it('decides alone on a public route that takes the current user', async () => {
    const call = app.request.get('/probe-passport/partner').set('X-Api-Key', 'key of a partner');
    expect((await call.auth('x', { type: 'bearer' }).expect(200)).body).toEqual({ email: 'partner' });
  });

  it('responds with 503 while sessions cannot be looked up', async () => {
    jest.spyOn(app.app.get(SessionLookup), 'check').mockRejectedValueOnce(new DatabaseUnavailableError());
    expectProblem(await get('either'), 503, 'database_unavailable');
  });

  it('treats a revoked session as no session if the guard is optional', async () => {
    expect((await get('optional')).body).toEqual({ isSignedIn: true });
    expect((await get('optional', await buildRevoked())).body).toEqual({ isSignedIn: false });
  });

  it('works with a custom guard for roles', async () => {
    await get('admin', admin).expect(200);
    expectProblemDocument(await get('admin'), 403, 'forbidden');
  });

  it('uses the keys of the application that received the request', async () => {
    expectProblem(await get('public', ada, other), 401, 'token_invalid');
    await get('public').expect(200);
  });

  it('checks the session again when an upload to a public route is complete', async () => {
    const eve = await buildSignedIn(app);
    const body = multipart(part('file', 'hello', 'hello.txt'));
    const start = async () => {
      const before = uploads;
      const slow = SlowUpload.start(app, '/probe-passport/upload', { accessToken: eve.accessToken, body });
      await until('the upload arrives', () => uploads > before);
      return slow;
    };
    expect(await (await start()).finish()).toMatchObject({ status: 201, body: { size: 5, userId: eve.id } });
    const slow = await start();
    await app.as(eve.accessToken).post('/auth/logout').expect(204);
    expect(await slow.finish()).toMatchObject({ status: 401, body: { code: 'session_revoked' } });
  });

  it('checks the session for each message of a public gateway', async () => {
    const eve = await buildSignedIn(app);
    const client = await SocketClient.open(app, '/', { token: eve.accessToken });
    expect(await client.ask('email')).toBe(eve.email);
    await app.as(eve.accessToken).post('/auth/logout').expect(204);
    // The connection closes within two seconds, perhaps before the message.
    const answer = await Promise.race([client.ask('email'), client.closed]);
    expect(JSON.stringify(answer)).toMatch(/unauthorized|session_revoked/);
    client.socket.terminate();
  });
});

it('a module cannot replace the strategy', async () => {
  @Injectable()
  class TeamJwtStrategy extends PassportStrategy(JwtStrategy) {
    constructor() {
      super({ jwtFromRequest: () => null, secretOrKey: 'secret' });
    }

    validate(payload: object): object {
      return payload;
    }
  }
  @Module({ providers: [TeamJwtStrategy] })
  class TeamJwtModule {}
  const start = TestApp.start({ imports: [TeamJwtModule], database: app.database });
  await expect(start).rejects.toThrow("PassportStrategy(Strategy, 'partner-jwt')");
});
