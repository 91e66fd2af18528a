import { Module } from '@nestjs/common';
import { AuditModule } from '../platform/audit/audit.module.js';
import { PasswordsModule } from '../platform/passwords/passwords.module.js';
import { RateLimitsModule } from '../platform/rate-limits/rate-limits.module.js';
import { AccountsService } from './accounts.service.js';
import { CredentialsService } from './credentials.service.js';
import { UserEvents } from './user-events.js';
import { UserImportService } from './user-import.service.js';
import { UserImportRepository } from './user-import.repository.js';
import { UsersAdminController } from './users.admin.controller.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AuditModule, PasswordsModule, RateLimitsModule],
  controllers: [UsersController, UsersAdminController],
  providers: [
    UsersService,
    AccountsService,
    CredentialsService,
    UsersRepository,
    UserEvents,
    UserImportService,
    UserImportRepository,
  ],
  exports: [UsersService, AccountsService, CredentialsService, UserEvents, UserImportService],
})
export class UsersModule {}
