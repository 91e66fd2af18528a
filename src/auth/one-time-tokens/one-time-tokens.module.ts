import { Module } from '@nestjs/common';
import { OneTimeTokenPruner } from './one-time-token-pruner.js';
import { OneTimeTokens } from './one-time-tokens.service.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';

@Module({
  providers: [OneTimeTokens, OneTimeTokenPruner, OneTimeTokensRepository],
  exports: [OneTimeTokens, OneTimeTokenPruner],
})
export class OneTimeTokensModule {}
