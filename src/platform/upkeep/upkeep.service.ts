import {
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { countOf } from '../../common/plural.js';
import { GAUGES, type GaugeValue, type HasGauges } from '../../common/gauges.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../database/database.js';
import { DatabaseUnavailableError, isNotPermitted } from '../database/pg-errors.js';
import { Pruner } from '../database/pruner.js';
import { Pruners } from './pruners.js';
import { ScheduleLease } from './schedule-lease.js';
import type { UpkeepTask } from './upkeep-task.js';

const TASK = 'pruning';
const CHECKS_PER_INTERVAL = 12;
/** How much longer a lease lasts than two statements, because the instance rests between them. */
const LEASE_MARGIN_MS = 60_000;

/**
 * Prunes on a schedule, in one instance at a time. If that instance dies, another one takes over when its lease expires.
 * If it shuts down, another one can continue immediately. Commands do not listen, so they do not prune.
 */
@Injectable()
export class UpkeepService implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown, HasGauges {
  private readonly logger = new Logger(UpkeepService.name);
  private readonly intervalMs: number | null;
  private readonly leaseMs: number;
  private readonly forbidden = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopping = false;
  private lastPrunedAt: number | null = null;

  constructor(
    @InjectConfig() config: Config,
    private readonly host: HttpAdapterHost,
    private readonly database: Database,
    private readonly pruners: Pruners,
  ) {
    this.intervalMs = config.pruneInterval;
    this.leaseMs = LEASE_MARGIN_MS + 2 * (config.database.queryTimeout + config.database.connectTimeout);
  }

  onModuleInit(): void {
    const { intervalMs } = this;
    if (intervalMs !== null) this.host.listen$.subscribe(() => this.checkLater(intervalMs));
  }

  /** Stops after the current step, while the last requests are served. */
  onModuleDestroy(): void {
    this.isStopping = true;
    clearTimeout(this.timer);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.running;
  }

  [GAUGES](): GaugeValue[] {
    const value = this.lastPrunedAt && this.lastPrunedAt / 1_000;
    const help = 'When this process last completed the scheduled pruning. One instance prunes for all.';
    return [{ name: 'gatehouse_last_pruning_timestamp_seconds', help, value, aggregator: 'max' }];
  }

  /** Prunes everything if that is due and no other instance does it. Logs errors and never rejects. */
  pruneIfDue(): Promise<void> {
    this.running = this.run().catch((error: unknown) => {
      if (error instanceof DatabaseUnavailableError)
        this.logger.warn('Pruning is incomplete: the database is unavailable.');
      else this.logger.error({ err: error }, 'Pruning failed.');
    });
    return this.running;
  }

  /** Waits before the first check too, because a start must not need the database. Random, to spread the instances. */
  private checkLater(intervalMs: number): void {
    if (this.isStopping) return;
    const delayMs = (intervalMs / CHECKS_PER_INTERVAL) * (0.5 + Math.random());
    this.timer = setTimeout(() => void this.pruneIfDue().finally(() => this.checkLater(intervalMs)), delayMs).unref();
  }

  private async run(): Promise<void> {
    const lease = await ScheduleLease.claim(this.database, TASK, this.leaseMs);
    if (!lease) return;
    let outage: DatabaseUnavailableError | undefined;
    for (const task of [...this.pruners.all(), ...this.pruners.tasks()]) {
      if (this.isStopping || lease.isLost) break;
      try {
        await (task instanceof Pruner ? this.prune(task, lease) : this.work(task, lease));
      } catch (error) {
        // A locked table looks like an outage. The other tables must be pruned nevertheless.
        if (error instanceof DatabaseUnavailableError) outage ??= error;
        else this.logFailure(task, error);
      }
    }
    if (outage) throw outage;
    if (!this.isStopping && !lease.isLost) this.lastPrunedAt = Date.now();
    await lease.release(this.isStopping ? 0 : (this.intervalMs ?? 0));
  }

  private async prune(pruner: Pruner, lease: ScheduleLease): Promise<void> {
    let total = 0;
    for await (const { deleted } of pruner.prune()) {
      total += deleted;
      if (!this.isStopping) await lease.renew();
      if (this.isStopping || lease.isLost) break;
    }
    if (total > 0) this.logger.log(`Deleted ${countOf(total, pruner.subject)}.`);
  }

  private async work(task: UpkeepTask, lease: ScheduleLease): Promise<void> {
    let total = 0;
    for await (const count of task.steps()) {
      total += count;
      if (!this.isStopping) await lease.renew();
      if (this.isStopping || lease.isLost) break;
    }
    if (total > 0) this.logger.log(`Queued ${countOf(total, task.subject)}.`);
  }

  /** Logs a missing permission only once. */
  private logFailure(task: Pruner | UpkeepTask, error: unknown): void {
    const { subject } = task;
    if (!(task instanceof Pruner)) this.logger.error({ err: error }, `Failed to queue ${subject}.`);
    else if (!isNotPermitted(error)) this.logger.error({ err: error }, `Failed to prune ${subject}.`);
    else if (!this.forbidden.has(subject)) {
      this.forbidden.add(subject);
      this.logger.warn(`This database role may not delete ${subject}. Prune them with another role.`);
    }
  }
}
