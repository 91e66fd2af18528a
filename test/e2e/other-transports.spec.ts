import { Controller, InternalServerErrorException, Module } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { firstValueFrom, timeout } from 'rxjs';
import { AppModule } from '../../src/app.module.js';
import { gatehouseConfig } from '../../src/config/config.module.js';
import { NotFoundError } from '../../src/http/http.errors.js';
import { Public } from '../../src/http/public.decorator.js';
import { Roles } from '../../src/http/roles.decorator.js';
import { DatabaseUnavailableError } from '../../src/platform/database/pg-errors.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { NestLogger } from '../../src/platform/logging/nest-logger.js';
import { LogLines } from '../support/log-lines.js';
import { stablePort } from '../support/stable-port.js';
import { TestApp } from '../support/test-app.js';

const calls: string[] = [];
const log = new LogLines();

const FAILURES: Readonly<Record<string, Error>> = {
  expected: new NotFoundError(),
  unavailable: new DatabaseUnavailableError(),
  internal: new InternalServerErrorException('secret of the database'),
};

@Controller()
class ProbeTasksController {
  @MessagePattern('guarded')
  guarded(this: void): string {
    calls.push('guarded');
    return 'guarded';
  }

  @EventPattern('guarded-event')
  guardedEvent(_data: unknown): void {
    calls.push('guarded-event');
  }

  @Public()
  @MessagePattern('public')
  open(this: void): string {
    return 'public';
  }

  @Public()
  @Roles('admin')
  @MessagePattern('public-with-role')
  openToAdmins(): void {
    calls.push('public-with-role');
  }

  @Public()
  @EventPattern('public-event')
  openEvent(_data: unknown): void {
    calls.push('public-event');
  }

  @Public()
  @MessagePattern('failing')
  fail(what: string): void {
    throw FAILURES[what] ?? new Error('secret of the database');
  }
}

@Module({ controllers: [ProbeTasksController] })
class TasksModule {}

const REJECTION = {
  status: 403,
  code: 'unsupported_transport',
  detail: 'Only handlers with @Public() can be called over this transport.',
};

let app: TestApp;
beforeAll(async () => {
  app = await TestApp.start({ imports: [TasksModule], log });
});
afterAll(() => app.close());
beforeEach(() => calls.splice(0));

/** Calls a handler over TCP. Returns its result or its error. */
async function send(client: ClientProxy, pattern: string, data = ''): Promise<unknown> {
  return firstValueFrom(client.send<unknown>(pattern, data).pipe(timeout(20_000))).catch((error: unknown) => error);
}

type Connect = (options: MicroserviceOptions) => Promise<unknown>;
const kinds: [kind: string, connect: Connect][] = [
  ['a hybrid application', (options) => connectHybrid(options)],
  ['a hybrid application that declines the guards', (options) => connectHybrid(options, { inheritAppConfig: false })],
  [
    'a standalone microservice',
    async (options) => {
      const module = Test.createTestingModule({ imports: [AppModule, TasksModule] });
      module.overrideProvider(gatehouseConfig.KEY).useValue(app.config);
      const logger = new NestLogger(await createLogger(app.config, log));
      const microservice = (await module.compile()).createNestMicroservice({ ...options, logger });
      await microservice.listen();
      closers.push(() => microservice.close());
    },
  ],
];
const closers: (() => Promise<unknown>)[] = [];

async function connectHybrid(options: MicroserviceOptions, hybrid?: { inheritAppConfig: boolean }): Promise<void> {
  // `startAllMicroservices()` would start those of earlier tests again.
  await app.app.connectMicroservice(options, hybrid).listen();
}

describe.each(kinds)('%s', (_, connect) => {
  let client: ClientProxy;
  beforeAll(async () => {
    const options = { host: '127.0.0.1', port: await stablePort() };
    await connect({ transport: Transport.TCP, options });
    client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  });
  afterAll(async () => {
    await client.close();
    for (const close of closers.splice(0)) await close();
  });

  it('rejects calls of handlers that are not public', async () => {
    expect(await send(client, 'guarded')).toEqual(REJECTION);
    expect(calls).toEqual([]);
  });

  it('rejects calls of public handlers with a role', async () => {
    expect(await send(client, 'public-with-role')).toEqual(REJECTION);
    expect(calls).toEqual([]);
  });

  it('runs public handlers', async () => {
    expect(await send(client, 'public')).toBe('public');
  });

  it('drops events of handlers that are not public', async () => {
    client.emit('guarded-event', {});
    client.emit('public-event', {});
    // The server handles both calls in the order in which they arrive.
    expect(await send(client, 'public')).toBe('public');
    expect(calls).toEqual(['public-event']);
  });

  it('reports domain errors with their code and hides other errors', async () => {
    expect(await send(client, 'failing', 'expected')).toMatchObject({ status: 404, code: 'not_found' });
    expect(await send(client, 'failing')).toEqual({ status: 'error', message: 'Internal server error' });
  });

  it.each(['unavailable', 'internal'])('logs and hides errors from status 500 on: %s', async (what) => {
    log.clear();
    expect(await send(client, 'failing', what)).toEqual({ status: 'error', message: 'Internal server error' });
    expect(log.records).toContainEqual(
      expect.objectContaining({ level: 'error', err: expect.objectContaining({ message: FAILURES[what]?.message }) }),
    );
  });
});

it.each(['graphql', 'some-library'])('rejects calls of handlers in a context of type %s', async (type) => {
  const creator = app.app.get(ExternalContextCreator);
  const controller = app.app.get(ProbeTasksController);
  const wrap = (method: 'guarded' | 'open') =>
    creator.create(controller, controller[method], method, undefined, undefined, undefined, undefined, undefined, type);
  await expect(wrap('guarded')({})).rejects.toMatchObject({ code: 'unsupported_transport', kind: 'forbidden' });
  await expect(wrap('open')({})).resolves.toBe('public');
  expect(calls).toEqual([]);
});
