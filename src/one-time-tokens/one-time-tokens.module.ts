import { Module } from '@nestjs/common';
import { OneTimeTokens } from './one-time-tokens.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';

@Module({ providers: [OneTimeTokens, OneTimeTokensRepository], exports: [OneTimeTokens] })
export class OneTimeTokensModule {}
