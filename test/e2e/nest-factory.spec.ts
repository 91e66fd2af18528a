import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import {
  Controller,
  Get,
  Injectable,
  Module,
  Post,
  UseInterceptors,
  type ExecutionContext,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { ClientProxyFactory, MessagePattern, Transport, type TcpOptions } from '@nestjs/microservices';
import { FileInterceptor, FilesInterceptor, type NestExpressApplication } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { pino } from 'pino';
import { firstValueFrom, timeout } from 'rxjs';
import supertest from 'supertest';
import { AppModule } from '../../src/app.module.js';
import { gatehouseConfig } from '../../src/config/config.module.js';
import type { Config } from '../../src/config/env.js';
import { FormBody, Multipart } from '../../src/http/body/body.decorators.js';
import { Public } from '../../src/http/public.decorator.js';
import { createAdapter, setUpApp } from '../../src/server/http-setup.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { LogLines } from '../support/log-lines.js';
import { rejectedHandshake } from '../support/socket-client.js';
import { stablePort } from '../support/stable-port.js';
import { TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

/** Gateways and controllers as in Nest's documentation. */
@WebSocketGateway()
class EventsGateway {
  @SubscribeMessage('events')
  events(): string {
    return 'events';
  }
}

@Controller('probe-math')
class ProbeMathController {
  @MessagePattern('sum')
  sum(): number {
    return 1;
  }

  @Public()
  @MessagePattern('public-sum')
  publicSum(): number {
    return 2;
  }
}

@Module({ imports: [AppModule], controllers: [ProbeMathController], providers: [EventsGateway] })
class HybridModule {}

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.create();
  Object.assign(process.env, { NODE_ENV: 'test', DATABASE_URL: database.url, PRUNE_INTERVAL: '0s' });
});
afterAll(() => database.drop());

const silent = pino({ level: 'silent' });

async function startTcp(app: NestExpressApplication) {
  const options = { host: '127.0.0.1', port: await stablePort() };
  app.connectMicroservice<TcpOptions>({ transport: Transport.TCP, options });
  await app.startAllMicroservices();
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  const send = (pattern: string): Promise<unknown> =>
    firstValueFrom(client.send<unknown>(pattern, '').pipe(timeout(20_000))).catch((error: unknown) => error);
  return { send, close: async () => await (client.close() as Promise<void>) };
}

describe('an application from NestFactory', () => {
  it('serves HTTP, WebSockets and a microservice with the guards', async () => {
    const app = await NestFactory.create<NestExpressApplication>(HybridModule, createAdapter(), {
      logger: false,
      abortOnError: false,
    });
    setUpApp(app, app.get<Config>(gatehouseConfig.KEY), silent);
    app.useWebSocketAdapter(new WsAdapter(app));
    const tcp = await startTcp(app);
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    await supertest(url).get('/users/me').expect(401);
    expect((await rejectedHandshake({ url }, '/')).status).toBe(401);
    expect(await tcp.send('sum')).toMatchObject({ status: 403 });
    expect(await tcp.send('public-sum')).toBe(2);
    await tcp.close();
    await app.close();
  });

  it('connects a microservice with the guards even before its setup', async () => {
    const app = await NestFactory.create<NestExpressApplication>(HybridModule, { logger: false, abortOnError: false });
    const tcp = await startTcp(app);
    expect(await tcp.send('sum')).toMatchObject({ status: 403 });
    expect(await tcp.send('public-sum')).toBe(2);
    await tcp.close();
    await app.close();
  });

  it('does not start without its setup and shows the missing lines', async () => {
    const app = await NestFactory.create(HybridModule, { logger: false, abortOnError: false });
    await expect(app.listen(0)).rejects.toThrow('setUpApp(app, config, logger);');
    expect(app.getHttpServer().listening).toBe(false);
    await app.close();
  });
});

it('an application from a testing module does not start without its setup', async () => {
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = module.createNestApplication({ logger: false });
  await expect(app.init()).rejects.toThrow('await TestApp.start()');
  await app.close();
});

it('the setup rejects body parsers that would run before the guards', async () => {
  const configure = (app: NestExpressApplication) => void app.useBodyParser('text');
  await expect(TestApp.start({ database, configure })).rejects.toThrow("Remove app.useBodyParser('text')");
});

describe('a file interceptor', () => {
  @Controller('probe-files')
  class ProbeFilesController {
    @Post('bare')
    @UseInterceptors(FileInterceptor('file'))
    bare(): string {
      return '';
    }

    @Post('marked')
    @Multipart()
    @UseInterceptors(FileInterceptor('file'))
    marked(): string {
      return '';
    }
  }

  @Controller('probe-more-files')
  @UseInterceptors(FilesInterceptor('files'))
  class ProbeMoreFilesController {
    @Get()
    find(): string {
      return '';
    }

    @Post()
    add(): string {
      return '';
    }

    @Post('form')
    @FormBody()
    form(): string {
      return '';
    }
  }

  it('without a decorator for the body causes a warning at the start', async () => {
    @Module({ controllers: [ProbeFilesController, ProbeMoreFilesController] })
    class FilesModule {}
    const log = new LogLines();
    const app = await TestApp.start({ imports: [FilesModule], database, log, rawBody: true });
    await app.close();
    const warnings = log.records.filter(({ level }) => level === 'warn').map(({ msg }) => String(msg));
    expect(warnings).toEqual([
      expect.stringContaining('Add @KeepRawBody()'),
      expect.stringMatching(/^ProbeFilesController\.bare .*Add @Multipart\(\)/),
      expect.stringMatching(/^ProbeMoreFilesController\.add /),
    ]);
  });
});

describe('CacheInterceptor', () => {
  @Injectable()
  class UserCacheInterceptor extends CacheInterceptor {
    override async trackBy(context: ExecutionContext) {
      const key = await super.trackBy(context);
      const { user } = context.switchToHttp().getRequest<{ user?: { id: string } }>();
      return key && `${user?.id ?? 'public'} ${key}`;
    }
  }

  @Injectable()
  class RenamedCacheInterceptor extends CacheInterceptor {}

  @Controller('probe-cached')
  @UseInterceptors(CacheInterceptor)
  class ProbeCachedController {
    @Get()
    find(): string {
      return '';
    }
  }

  @Public()
  @Controller('probe-public-cached')
  @UseInterceptors(CacheInterceptor)
  class ProbePublicCachedController {
    private calls = 0;

    @Get()
    find(): object {
      return { calls: ++this.calls };
    }
  }

  function start(controllers: Type[], providers: Provider[], interceptor?: Type<CacheInterceptor>): Promise<TestApp> {
    @Module({ imports: [CacheModule.register()], controllers, providers })
    class CachedModule {}
    const configure = (app: NestExpressApplication) => {
      if (interceptor) app.useGlobalInterceptors(app.get(interceptor));
    };
    return TestApp.start({ imports: [CachedModule], database, configure });
  }

  it.each([
    ['for all routes', () => start([], [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }])],
    [
      'for all routes in a subclass',
      () => start([], [{ provide: APP_INTERCEPTOR, useClass: RenamedCacheInterceptor }]),
    ],
    ['for all routes in main.ts', () => start([], [CacheInterceptor], CacheInterceptor)],
    ['on a protected controller', () => start([ProbeCachedController], [])],
  ])('prevents the start if it would share responses between users: %s', async (_, startCached) => {
    await expect(startCached()).rejects.toThrow('override async trackBy(context: ExecutionContext)');
  });

  it('serves each user their own response with the key of the message', async () => {
    const app = await start(
      [ProbePublicCachedController],
      [{ provide: APP_INTERCEPTOR, useClass: UserCacheInterceptor }],
    );
    const read = async ({ accessToken }: SignedIn) => {
      const { body } = await app.as(accessToken).get('/users/me').expect(200);
      return String(body.id);
    };
    const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
    for (const person of [ada, eve, ada]) expect(await read(person)).toBe(person.id);
    for (let i = 0; i < 2; i += 1) expect((await app.request.get('/probe-public-cached')).body).toEqual({ calls: 1 });
    await app.close();
  });
});
