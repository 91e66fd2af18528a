import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { gatehouseConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { databaseOptions } from './database.options.js';
import { Database } from './database.js';

@Module({})
export class DatabaseModule {
  /** Provides `Database` to every module. */
  static forRoot(entities: readonly (new () => object)[]): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [
        {
          provide: DataSource,
          inject: [gatehouseConfig.KEY],
          useFactory: (config: Config) => new DataSource(databaseOptions(config.database, entities)),
        },
        Database,
      ],
      exports: [Database],
    };
  }
}
