import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { PasswordsModule } from '../passwords/passwords.module.js';
import { AccountsService } from './accounts.service.js';
import { CredentialsService } from './credentials.service.js';
import { UserEvents } from './user-events.js';
import { UsersAdminController } from './users.admin.controller.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AuditModule, PasswordsModule],
  controllers: [UsersController, UsersAdminController],
  providers: [UsersService, AccountsService, CredentialsService, UsersRepository, UserEvents],
  exports: [UsersService, AccountsService, CredentialsService, UserEvents],
})
export class UsersModule {}
