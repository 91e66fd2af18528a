import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditPruner } from '../audit/audit-pruner.js';
import type { Pruner } from '../database/pruner.js';
import { MailModule } from '../mail/mail.module.js';
import { MailPruner } from '../mail/mail-pruner.js';
import { OneTimeTokenPruner } from '../../auth/one-time-tokens/one-time-token-pruner.js';
import { OneTimeTokensModule } from '../../auth/one-time-tokens/one-time-tokens.module.js';
import { RateLimitPruner } from '../rate-limits/rate-limit-pruner.js';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.js';
import { SessionPruner } from '../../sessions/session-pruner.js';
import { SessionsModule } from '../../sessions/sessions.module.js';
import { PRUNERS } from './pruners.js';
import { ScheduleRepository } from './schedule.repository.js';
import { UpkeepService } from './upkeep.service.js';

@Module({
  imports: [AuditModule, SessionsModule, OneTimeTokensModule, MailModule, RateLimitsModule],
  providers: [
    UpkeepService,
    ScheduleRepository,
    {
      provide: PRUNERS,
      // One more pruner: its module above, and itself here.
      inject: [SessionPruner, OneTimeTokenPruner, MailPruner, RateLimitPruner, AuditPruner],
      useFactory: (...pruners: Pruner[]) => pruners,
    },
  ],
  exports: [UpkeepService, PRUNERS],
})
export class UpkeepModule {}
