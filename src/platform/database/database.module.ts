import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { gatehouseConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { databaseOptions } from './database.options.js';
import { Database } from './database.js';
import { LazyDataSource, type LazyDataSourceOptions } from './lazy-data-source.js';

/** Provides `Database` and TypeORM's data source with the entities of every `TypeOrmModule.forFeature`. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [gatehouseConfig.KEY],
      useFactory: ({ database, environment }: Config) => ({
        ...databaseOptions(database),
        rejectSecondConnection: environment !== 'production',
        autoLoadEntities: true,
        // Only invalid entities fail at startup, and a retry would not help.
        toRetry: () => false,
      }),
      dataSourceFactory: (options) => Promise.resolve(new LazyDataSource(options as LazyDataSourceOptions)),
    }),
  ],
  providers: [Database],
  exports: [Database],
})
export class DatabaseModule {}
