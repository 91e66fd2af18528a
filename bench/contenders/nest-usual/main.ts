// NestJS as its documentation teaches it: Passport with a secret, and TypeORM for the session with its user.
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule);
await app.listen(Number(process.env['PORT']), '127.0.0.1');
