import { Module, type NestModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, HttpAdapterHost } from '@nestjs/core';
import { MulterModule } from '@nestjs/platform-express';
import { AuthModule } from './auth/auth.module.js';
import { JwtAuthGuard } from './auth/jwt-auth.guard.js';
import { ConfigModule } from './config/config.module.js';
import { HealthModule } from './health/health.module.js';
import { GlobalGuards, type GlobalGuard } from './http/global-guards.js';
import { MULTER_DEFAULTS } from './http/body/multer-defaults.js';
import { ConnectionDrain } from './http/connection-drain.js';
import { guardMicroservices } from './http/microservices.js';
import { ProblemFilter } from './http/problem.filter.js';
import { AccessGuard } from './http/access.guard.js';
import { checkSetup } from './http/setup-check.js';
import { StrictValidationPipe } from './http/strict-validation.pipe.js';
import { AuditModule } from './platform/audit/audit.module.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { MailModule } from './platform/mail/mail.module.js';
import { MetricsModule } from './platform/metrics/metrics.module.js';
import { RateLimitsModule } from './platform/rate-limits/rate-limits.module.js';
import { UpkeepModule } from './platform/upkeep/upkeep.module.js';
import { SessionGuard } from './sessions/session.guard.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { UsersModule } from './users/users.module.js';

/** The global guards, in the order in which they run: access token, session, access to the route. */
const GLOBAL_GUARDS = [JwtAuthGuard, SessionGuard, AccessGuard];

@Module({
  imports: [
    ConfigModule,
    { ...MulterModule.register(MULTER_DEFAULTS), global: true },
    // Before every module that uses it, so that it closes after them.
    DatabaseModule,
    AuditModule,
    MailModule,
    RateLimitsModule,
    UsersModule,
    SessionsModule,
    AuthModule,
    HealthModule,
    UpkeepModule,
    MetricsModule,
  ],
  providers: [
    ...GLOBAL_GUARDS,
    ...GLOBAL_GUARDS.map((useExisting) => ({ provide: APP_GUARD, useExisting })),
    {
      provide: GlobalGuards,
      inject: GLOBAL_GUARDS,
      useFactory: (...guards: GlobalGuard[]) => new GlobalGuards(guards),
    },
    { provide: APP_PIPE, useClass: StrictValidationPipe },
    { provide: APP_FILTER, useClass: ProblemFilter },
    ConnectionDrain,
  ],
})
export class AppModule implements NestModule {
  constructor(private readonly host: HttpAdapterHost) {
    guardMicroservices();
  }

  /** Checks the setup. Nest calls this before an application serves HTTP, and not for standalone microservices. */
  configure(): void {
    checkSetup(this.host.httpAdapter);
  }
}
