import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../platform/audit/audit.module.js';
import { PasswordsModule } from '../platform/passwords/passwords.module.js';
import { RateLimitsModule } from '../platform/rate-limits/rate-limits.module.js';
import { PasswordConfirmationService } from './password-confirmation.service.js';
import { UserHooks } from './user-hooks.js';
import { UserImportRepository } from './user-import.repository.js';
import { UserImportService } from './user-import.service.js';
import { User } from './user.entity.js';
import { UsersAdminController } from './users.admin.controller.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AuditModule, PasswordsModule, RateLimitsModule, TypeOrmModule.forFeature([User])],
  controllers: [UsersController, UsersAdminController],
  providers: [
    PasswordConfirmationService,
    UserHooks,
    UserImportRepository,
    UserImportService,
    UsersRepository,
    UsersService,
  ],
  exports: [PasswordConfirmationService, UserHooks, UserImportService, UsersRepository, UsersService],
})
export class UsersModule {}
