import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { APP_OPTIONS, createAdapter, setUpApp } from './app.setup.js';
import { createLogger } from './common/logging/logger.js';
import { NestLogger } from './common/logging/nest-logger.js';
import { ConfigurationError, readConfig } from './config/env.js';

async function main(): Promise<void> {
  const config = readConfig();
  const logger = await createLogger(config);
  const app = await NestFactory.create<NestExpressApplication>(AppModule, createAdapter(), {
    ...APP_OPTIONS,
    logger: new NestLogger(logger),
  });
  setUpApp(app, config, logger);
  if (config.accessToken.usesDevelopmentSecret) {
    logger.warn(
      'JWT_SECRET is not set: tokens are signed with a secret that everyone can read. Production refuses it.',
    );
  }
  if (config.environment === 'production' && config.mail.smtpUrl === null) {
    logger.warn('SMTP_URL is not set: mails are written down and wait until there is a mail server.');
  }
  await app.listen(config.http.port, config.http.host);
  // Not `getUrl()`: that says 127.0.0.1 where every address is listened on, as production does.
  const { address, family, port } = app.getHttpServer().address() as AddressInfo;
  logger.info(`Gatehouse listens on http://${family === 'IPv6' ? `[${address}]` : address}:${port}`);
}

main().catch((error: unknown) => {
  // A person reads this: a bad configuration or a taken port needs its message, not a stack.
  const expected =
    error instanceof ConfigurationError || (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE');
  console.error(expected ? error.message : error);
  process.exitCode = 1;
});
