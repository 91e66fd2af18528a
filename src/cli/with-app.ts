import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { readConfig } from '../config/env.js';

/** Runs one command on an application that does not listen, and closes it again. */
export async function withApp(use: (app: INestApplication) => Promise<void>): Promise<void> {
  readConfig();
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  try {
    await app.init();
    await use(app);
  } finally {
    await app.close();
  }
}
