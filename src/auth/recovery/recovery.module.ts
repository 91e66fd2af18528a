import { Module } from '@nestjs/common';
import { AuditModule } from '../../platform/audit/audit.module.js';
import { MailModule } from '../../platform/mail/mail.module.js';
import { OneTimeTokensModule } from '../one-time-tokens/one-time-tokens.module.js';
import { PasswordsModule } from '../../platform/passwords/passwords.module.js';
import { RateLimitsModule } from '../../platform/rate-limits/rate-limits.module.js';
import { SessionsModule } from '../../sessions/sessions.module.js';
import { UsersModule } from '../../users/users.module.js';
import { EmailVerificationController } from './email-verification.controller.js';
import { EmailVerificationService } from './email-verification.service.js';
import { NotMeController } from './not-me.controller.js';
import { NotMeService } from './not-me.service.js';
import { PasswordChangeService } from './password-change.service.js';
import { PasswordResetService } from './password-reset.service.js';
import { PasswordController } from './password.controller.js';
import { TokenHolders } from './token-holders.service.js';

@Module({
  imports: [
    AuditModule,
    MailModule,
    OneTimeTokensModule,
    PasswordsModule,
    RateLimitsModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [PasswordController, EmailVerificationController, NotMeController],
  providers: [EmailVerificationService, NotMeService, PasswordChangeService, PasswordResetService, TokenHolders],
  exports: [EmailVerificationService],
})
export class RecoveryModule {}
