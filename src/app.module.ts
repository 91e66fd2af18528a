import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { AuthModule } from './auth/auth.module.js';
import { JwtAuthGuard } from './auth/jwt-auth.guard.js';
import { ConfigModule } from './config/config.module.js';
import { HealthModule } from './health/health.module.js';
import { ConnectionDrain } from './http/connection-drain.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RolesGuard } from './http/roles.guard.js';
import { StrictValidationPipe } from './http/strict-validation.pipe.js';
import { AuditModule } from './platform/audit/audit.module.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { MailModule } from './platform/mail/mail.module.js';
import { UpkeepModule } from './platform/upkeep/upkeep.module.js';
import { SessionGuard } from './sessions/session.guard.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { UsersModule } from './users/users.module.js';

@Module({
  imports: [
    ConfigModule,
    // Before every module that uses it, so that it closes after them.
    DatabaseModule,
    AuditModule,
    MailModule,
    UsersModule,
    SessionsModule,
    AuthModule,
    HealthModule,
    UpkeepModule,
  ],
  providers: [
    // The guards run in this order: access token, session, role.
    { provide: APP_GUARD, useClass: JwtAuthGuard },
    { provide: APP_GUARD, useClass: SessionGuard },
    { provide: APP_GUARD, useClass: RolesGuard },
    { provide: APP_PIPE, useClass: StrictValidationPipe },
    { provide: APP_FILTER, useClass: ProblemFilter },
    ConnectionDrain,
  ],
})
export class AppModule {}
