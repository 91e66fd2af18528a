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

/** How many mails an instance has on their way at once, each on a connection of its own to the mail server. */
const PARALLEL_DELIVERIES = 5;
/** How many of them this process has. */
export const parallelDeliveries = (worker: Worker | null) => shareOf(PARALLEL_DELIVERIES, worker);

/** How often, in milliseconds, the outbox is looked into for what others left and what is to be tried again. */
const POLL_INTERVAL = 2_000;

/** How long, in milliseconds, what is on its way may take at shutdown. What is cut off then, another instance sends. */
const GRACE = 3_000;

/**
 * Sends what waits in the outbox. Any number of instances do so at once: each claims the mails that it sends, for
 * twice as long as a delivery may take, and what an instance that died had claimed goes to the others after that.
 *
 * Only an instance that listens sends; a command does not. It works from the first poll on, so that a start needs no
 * database.
 */
@Injectable()
export class MailWorker implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger(MailWorker.name);
  private readonly lease: number;
  private readonly parallel: number;
  private readonly abort = new AbortController();
  private readonly deliveries = new Set<Promise<void>>();
  private poll: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private isAsked = false;
  private deadline: NodeJS.Timeout | undefined;

  constructor(
    @InjectConfig() { mail, worker }: Config,
    @Inject(MailTransport) private readonly transport: MailTransport | null,
    private readonly host: HttpAdapterHost,
    private readonly database: Database,
    private readonly mails: MailRepository,
    private readonly delivery: MailDelivery,
  ) {
    this.lease = 2 * mail.smtpTimeout;
    this.parallel = parallelDeliveries(worker);
  }

  onModuleInit(): void {
    const { transport } = this;
    if (!transport) return;
    this.host.listen$.subscribe(() => {
      this.poll = setInterval(() => this.nudge(), POLL_INTERVAL).unref();
    });
  }

  /** Looks into the outbox at once, or as soon as a delivery is free. */
  nudge(): void {
    this.isAsked = true;
    if (this.poll && this.transport && this.isFree) this.looking ??= this.look(this.transport);
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.poll);
    this.poll = undefined;
    this.deadline = setTimeout(() => this.abort.abort(), GRACE);
  }

  async onApplicationShutdown(): Promise<void> {
    const aborted = new Promise((resolve) => this.abort.signal.addEventListener('abort', resolve));
    const finished = (this.looking ?? Promise.resolve()).then(() => Promise.all(this.deliveries));
    if (!this.abort.signal.aborted) await Promise.race([finished, aborted]);
    clearTimeout(this.deadline);
    this.abort.abort();
    this.transport?.close();
  }

  private get isFree(): boolean {
    return this.deliveries.size < this.parallel;
  }

  /** Claims mails for as long as deliveries are free and mails may be left. Never fails. */
  private async look(transport: MailTransport): Promise<void> {
    try {
      do {
        this.isAsked = false;
        const limit = this.parallel - this.deliveries.size;
        const claimed = await this.database.run((manager) => this.mails.claim(manager, { limit, lease: this.lease }));
        for (const mail of claimed) this.begin(mail, transport);
        if (claimed.length === limit) this.isAsked = true;
      } while (this.poll && this.isAsked && this.isFree);
    } catch (error) {
      // Of an outage the database tells. The next poll tries again.
      if (!(error instanceof DatabaseUnavailableError)) this.logger.error({ err: error }, 'The outbox cannot be read');
    } finally {
      this.looking = undefined;
    }
  }

  private begin(mail: ClaimedMail, transport: MailTransport): void {
    const delivery = this.delivery.deliver(mail, transport, this.abort.signal).finally(() => {
      this.deliveries.delete(delivery);
      if (this.isAsked) this.nudge();
    });
    this.deliveries.add(delivery);
  }
}
