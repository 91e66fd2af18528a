import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { gatehouseConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { tablePruner } from '../database/table-pruner.js';
import { MailRow } from './mail.entity.js';
import { MailDelivery } from './mail-delivery.js';
import { MailGauges } from './mail-gauges.js';
import { MailOutbox } from './mail-outbox.js';
import { MailRepository } from './mail.repository.js';
import { MailWorker, maxDeliveries } from './mail-worker.js';
import { MailWriter } from './mail-writer.js';
import { SealedBox } from '../../common/sealed-box.js';
import { DevelopmentTransport } from './transports/development.transport.js';
import { MailTransport } from './transports/mail-transport.js';
import { SmtpTransport } from './transports/smtp.transport.js';

@Module({
  imports: [TypeOrmModule.forFeature([MailRow])],
  providers: [
    MailDelivery,
    MailGauges,
    MailOutbox,
    MailRepository,
    MailWorker,
    MailWriter,
    {
      provide: SealedBox,
      inject: [gatehouseConfig.KEY],
      useFactory: ({ accessToken }: Config) =>
        new SealedBox('gatehouse mail v1', accessToken.secret, accessToken.previousSecrets),
    },
    tablePruner({
      subject: 'mails',
      table: 'mails',
      condition: `next_attempt_at IS NULL AND coalesce(sent_at, created_at) < now() - $1::float8 * interval '1 millisecond'`,
      retentionMs: ({ mail }) => mail.retention,
    }),
    { provide: MailTransport, inject: [gatehouseConfig.KEY], useFactory: transportFor },
  ],
  exports: [MailOutbox],
})
export class MailModule {}

/** Returns `null` without a mail server. The mails then stay in the outbox. */
function transportFor({ environment, mail, worker }: Config): MailTransport | null {
  const { smtpUrl, smtpTimeout } = mail;
  if (smtpUrl !== null)
    return new SmtpTransport({ url: smtpUrl, timeoutMs: smtpTimeout, maxConnections: maxDeliveries(worker) });
  // Only in development, because it writes links that open accounts.
  return environment === 'development' ? new DevelopmentTransport() : null;
}
