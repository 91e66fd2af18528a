import { NestApplication } from '@nestjs/core';

const connect: NestApplication['connectMicroservice'] = Reflect.get(NestApplication.prototype, 'connectMicroservice');

/**
 * Makes every connected microservice inherit the global guards. By default, Nest connects microservices without guards.
 * Changes the prototype, so that it also applies before `setUpApp`.
 */
export function guardMicroservices(): void {
  NestApplication.prototype.connectMicroservice = function (this: NestApplication, options, hybridOptions) {
    return connect.call(this, options, { ...hybridOptions, inheritAppConfig: true });
  };
}
