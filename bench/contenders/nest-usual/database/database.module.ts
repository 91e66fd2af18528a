import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Session } from '../sessions/session.entity.js';
import { User } from '../users/user.entity.js';

@Module({
  providers: [
    {
      provide: DataSource,
      useFactory: () =>
        new DataSource({
          type: 'postgres',
          url: process.env['DATABASE_URL'] ?? '',
          entities: [User, Session],
          poolSize: 10,
        }).initialize(),
    },
  ],
  exports: [DataSource],
})
export class DatabaseModule {}
