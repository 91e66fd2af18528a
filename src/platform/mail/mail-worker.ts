import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { shareOf, type Worker } from '../../config/share.js';
import { Database } from '../database/database.js';
import { DatabaseUnavailableError } from '../database/pg-errors.js';
import { MailDelivery } from './mail-delivery.js';
import { MailRepository, type ClaimedMail } from './mail.repository.js';
import { MailTransport } from './transports/mail-transport.js';

const MAX_DELIVERIES_PER_INSTANCE = 5;
/** Returns how many mails this process sends at the same time, each on its own connection to the mail server. */
export const maxDeliveries = (worker: Worker | null) => shareOf(MAX_DELIVERIES_PER_INSTANCE, worker);

/** Finds retries, and mails that other instances have left. */
const POLL_INTERVAL_MS = 2_000;

/** How long running deliveries may take at shutdown. Another instance sends the mails of canceled deliveries. */
const SHUTDOWN_GRACE_MS = 3_000;

/**
 * Sends the mails in the outbox. Several instances can do so at the same time, because each claims the mails that it
 * sends. A claim lasts twice as long as a delivery may take. After that, another instance takes the mail over.
 *
 * Commands do not listen, so they do not send mails. Sending begins with the first poll, because a start must not need
 * the database.
 */
@Injectable()
export class MailWorker implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger(MailWorker.name);
  private readonly leaseMs: number;
  private readonly maxDeliveries: number;
  private readonly abort = new AbortController();
  private readonly deliveries = new Set<Promise<void>>();
  private poll: NodeJS.Timeout | undefined;
  private claiming: Promise<void> | undefined;
  /** Whether mails may be due that no claim has looked for yet. */
  private mayHaveMore = false;
  private deadline: NodeJS.Timeout | undefined;

  constructor(
    @InjectConfig() { mail, worker }: Config,
    @Inject(MailTransport) private readonly transport: MailTransport | null,
    private readonly host: HttpAdapterHost,
    private readonly database: Database,
    private readonly mails: MailRepository,
    private readonly delivery: MailDelivery,
  ) {
    this.leaseMs = 2 * mail.smtpTimeout;
    this.maxDeliveries = maxDeliveries(worker);
  }

  onModuleInit(): void {
    if (!this.transport) return;
    this.host.listen$.subscribe(() => {
      this.poll = setInterval(() => this.nudge(), POLL_INTERVAL_MS).unref();
    });
  }

  /** Sends due mails now, or as soon as a running delivery ends. */
  nudge(): void {
    this.mayHaveMore = true;
    if (this.poll && this.transport && this.hasCapacity) this.claiming ??= this.claim(this.transport);
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.poll);
    this.poll = undefined;
    this.deadline = setTimeout(() => this.abort.abort(), SHUTDOWN_GRACE_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    const aborted = new Promise((resolve) => this.abort.signal.addEventListener('abort', resolve));
    const finished = (this.claiming ?? Promise.resolve()).then(() => Promise.all(this.deliveries));
    if (!this.abort.signal.aborted) await Promise.race([finished, aborted]);
    clearTimeout(this.deadline);
    this.abort.abort();
    this.transport?.close();
  }

  private get hasCapacity(): boolean {
    return this.deliveries.size < this.maxDeliveries;
  }

  /** Claims mails until none is due or the maximum is being sent. Never rejects. */
  private async claim(transport: MailTransport): Promise<void> {
    try {
      do {
        this.mayHaveMore = false;
        const limit = this.maxDeliveries - this.deliveries.size;
        const { leaseMs } = this;
        const mails = await this.database.run((manager) => this.mails.claim(manager, { limit, leaseMs }));
        for (const mail of mails) this.deliver(mail, transport);
        if (mails.length === limit) this.mayHaveMore = true;
      } while (this.poll && this.mayHaveMore && this.hasCapacity);
    } catch (error) {
      // `Database` logs outages. The next poll tries again.
      if (!(error instanceof DatabaseUnavailableError)) this.logger.error({ err: error }, 'Failed to claim mails.');
    } finally {
      this.claiming = undefined;
    }
  }

  private deliver(mail: ClaimedMail, transport: MailTransport): void {
    const delivery = this.delivery.deliver(mail, transport, this.abort.signal).finally(() => {
      this.deliveries.delete(delivery);
      if (this.mayHaveMore) this.nudge();
    });
    this.deliveries.add(delivery);
  }
}
