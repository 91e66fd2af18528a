import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { GAUGES, type GaugeValue, type HasGauges } from '../../common/gauges.js';
import { Database } from '../database/database.js';
import { MailRepository } from './mail.repository.js';

/** Several scrapers cause at most one query in this time. */
const CACHE_MS = 5_000;
/** A scrape does not wait longer for the database. */
const MAX_WAIT_MS = 1_000;

/** Reads the age of the oldest mail that waits for its delivery. */
@Injectable()
export class MailGauges implements HasGauges {
  private reading: Promise<number | null> | undefined;

  constructor(
    private readonly database: Database,
    private readonly mails: MailRepository,
  ) {}

  async [GAUGES](): Promise<GaugeValue[]> {
    this.reading ??= this.read();
    const value = await Promise.race([this.reading, sleep(MAX_WAIT_MS, null, { ref: false })]);
    const help = 'Age of the oldest mail that waits for delivery. Missing while the database is unavailable.';
    return [{ name: 'gatehouse_oldest_unsent_mail_age_seconds', help, value, aggregator: 'max' }];
  }

  private async read(): Promise<number | null> {
    try {
      return await this.database.run((manager) => this.mails.oldestWaitingSeconds(manager));
    } catch {
      return null;
    } finally {
      setTimeout(() => (this.reading = undefined), CACHE_MS).unref();
    }
  }
}
