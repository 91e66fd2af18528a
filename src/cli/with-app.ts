import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { destination } from 'pino';
import { AppModule } from '../app.module.js';
import { createLogger } from '../platform/logging/logger.js';
import { NestLogger } from '../platform/logging/nest-logger.js';
import { readConfig } from '../config/env.js';
import { createAdapter } from '../server/http-setup.js';
import { setUpPaths } from '../server/paths.js';

const STDERR = 2;

/** Runs `use` with an application that does not listen, and closes it. Logs go to standard error. */
export async function withApp(use: (app: INestApplication) => Promise<void>): Promise<void> {
  const config = { ...readConfig(), logLevel: 'warn' as const };
  const logger = new NestLogger(await createLogger(config, destination({ fd: STDERR, sync: true })));
  const adapter = createAdapter();
  // Commands serve no requests, so they need no `setUpApp`.
  adapter.checkSetup = () => undefined;
  const app = await NestFactory.create(AppModule, adapter, { logger });
  setUpPaths(app, config);
  try {
    await app.init();
    await use(app);
  } finally {
    await app.close();
  }
}
