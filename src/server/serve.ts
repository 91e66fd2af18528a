import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { AppModule } from '../app.module.js';
import { ListenError } from '../common/listen-error.js';
import type { Config } from '../config/env.js';
import { HealthRepository } from '../health/health.repository.js';
import { Database } from '../platform/database/database.js';
import { NestLogger } from '../platform/logging/nest-logger.js';
import { logDatabaseChecks } from './checks/start-checks.js';
import { PasswordPolicy } from '../platform/passwords/password-policy.js';
import { createAdapter, setUpApp } from './http-setup.js';

/** Starts the application in this process. A signal stops it. */
export async function serve(config: Config, logger: Logger): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, createAdapter(), {
    logger: new NestLogger(logger),
  });
  setUpApp(app, config, logger);
  // Before listening, so that errors of modules are not reported as those of the port.
  await app.init();
  await app.listen(config.http.port, config.http.host).catch((error: unknown) => {
    throw new ListenError('HOST and PORT', error as Error);
  });
  // `getUrl()` would return 127.0.0.1 for 0.0.0.0.
  const { address, family, port } = app.getHttpServer().address() as AddressInfo;
  logger.info(`Gatehouse listens on http://${family === 'IPv6' ? `[${address}]` : address}:${port}`);
  void app.get(PasswordPolicy).preload();
  void logDatabaseChecks(app.get(Database), app.get(HealthRepository), config, logger);
}
