import { Inject, Module } from '@nestjs/common';
import { ConfigModule as NestConfigModule, registerAs } from '@nestjs/config';
import { readConfig } from './env.js';

/** Provides the settings. Tests override `gatehouseConfig.KEY` with the result of `parseEnvironment`. */
export const gatehouseConfig = registerAs('gatehouse', readConfig);

/** Injects the settings, typed `Config`. */
export const InjectConfig = () => Inject(gatehouseConfig.KEY);

@Module({
  // `env.ts` reads the .env file.
  imports: [NestConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [gatehouseConfig] })],
})
export class ConfigModule {}
