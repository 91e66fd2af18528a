import { Module } from '@nestjs/common';
import { gatehouseConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { MailOutbox } from './mail-outbox.js';
import { MailRepository } from './mail.repository.js';
import { SealedBox } from './sealed-box.js';

@Module({
  providers: [
    MailOutbox,
    MailRepository,
    {
      provide: SealedBox,
      inject: [gatehouseConfig.KEY],
      useFactory: ({ accessToken }: Config) => new SealedBox(accessToken.secret, accessToken.previousSecrets),
    },
  ],
  exports: [MailOutbox],
})
export class MailModule {}
