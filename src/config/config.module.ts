import { Inject, Module } from '@nestjs/common';
import { ConfigModule as NestConfigModule, registerAs } from '@nestjs/config';
import { readConfig } from './env.js';

/** The settings as a provider. Tests override `gatehouseConfig.KEY` with the result of `parseEnvironment`. */
export const gatehouseConfig = registerAs('gatehouse', readConfig);

/** Injects the settings, typed `Config`. */
export const InjectConfig = () => Inject(gatehouseConfig.KEY);

@Module({
  // `env.ts` has read the .env file already; a second reader would be a second truth.
  imports: [NestConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [gatehouseConfig] })],
})
export class ConfigModule {}
