import { Module } from '@nestjs/common';
import { tablePruner } from '../../platform/database/table-pruner.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';
import { OneTimeTokensService } from './one-time-tokens.service.js';

@Module({
  providers: [
    OneTimeTokensRepository,
    OneTimeTokensService,
    tablePruner({
      subject: 'one-time tokens',
      table: 'one_time_tokens',
      condition: `expires_at < now() - $1::float8 * interval '1 millisecond'`,
      retentionMs: () => 0,
    }),
  ],
  exports: [OneTimeTokensService],
})
export class OneTimeTokensModule {}
