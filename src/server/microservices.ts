import { NestApplication } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

/**
 * Makes every connected microservice inherit the global guards. By default, Nest connects microservices without guards.
 *
 * @throws Error if a microservice is already connected
 */
export function guardMicroservices(app: NestExpressApplication): void {
  if (app.getMicroservices().length > 0) throw new Error('Call connectMicroservice() after setUpApp().');
  const value: NestExpressApplication['connectMicroservice'] = (options, hybridOptions) =>
    NestApplication.prototype.connectMicroservice.call(app, options, { ...hybridOptions, inheritAppConfig: true });
  // Nest's proxies around the application ignore assignments, and need configurable properties.
  Object.defineProperty(app, 'connectMicroservice', { value, configurable: true });
}
