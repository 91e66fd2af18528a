import { Module } from '@nestjs/common';
import { OneTimeTokenPruner } from './one-time-token-pruner.js';
import { OneTimeTokensService } from './one-time-tokens.service.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';

@Module({
  providers: [OneTimeTokensService, OneTimeTokenPruner, OneTimeTokensRepository],
  exports: [OneTimeTokensService, OneTimeTokenPruner],
})
export class OneTimeTokensModule {}
