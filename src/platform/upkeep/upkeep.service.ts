import {
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../database/database.js';
import { DatabaseUnavailableError, isNotPermitted } from '../database/pg-errors.js';
import type { Pruner } from '../database/pruner.js';
import { prune } from './prune.js';
import { Pruners } from './pruners.js';
import { ScheduledRun } from './scheduled-run.js';
import { ScheduleRepository } from './schedule.repository.js';

/** The name of the run in the schedule. */
const PRUNING = 'pruning';
/** How many times within one interval an instance looks whether the pruning is due. */
const LOOKS = 12;
/** How much longer than two statements may take a holder's silence means that it is dead, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Prunes on a schedule, by one instance at a time. An instance that dies is replaced, and one that stops is at once.
 * Only an instance that listens does it; a command does not.
 */
@Injectable()
export class UpkeepService implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  private readonly logger = new Logger(UpkeepService.name);
  private readonly interval: number | null;
  private readonly lease: number;
  private readonly forbidden = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    @InjectConfig() config: Config,
    private readonly host: HttpAdapterHost,
    private readonly database: Database,
    private readonly schedule: ScheduleRepository,
    private readonly pruners: Pruners,
  ) {
    this.interval = config.pruneInterval;
    this.lease = PATIENCE + 2 * (config.database.statementTimeout + config.database.connectTimeout);
  }

  onModuleInit(): void {
    const { interval } = this;
    if (interval !== null) this.host.listen$.subscribe(() => this.lookLater(interval));
  }

  /** Ends after the step that is under way, while the last requests are answered. Another instance may go on at once. */
  onModuleDestroy(): void {
    this.stopping = true;
    clearTimeout(this.timer);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.looking;
  }

  /** Prunes everything if it is due and no other instance does. What fails is logged, and tried again the next time. */
  pruneIfDue(): Promise<void> {
    this.looking = this.look();
    return this.looking;
  }

  private async look(): Promise<void> {
    try {
      const run = await ScheduledRun.claim(this.database, this.schedule, PRUNING, this.lease);
      if (!run) return;
      const kept = await this.pruneAll(run);
      if (kept) await run.end(this.stopping ? 0 : (this.interval ?? 0));
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) this.logger.warn('The database is away: nothing is pruned now.');
      else this.logger.error({ err: error }, 'Pruning failed');
    }
  }

  /** The first look is some time away, too: a start asks no database. Instances that start together do not look together. */
  private lookLater(interval: number): void {
    if (this.stopping) return;
    const delay = (interval / LOOKS) * (0.5 + Math.random());
    this.timer = setTimeout(() => void this.pruneIfDue().finally(() => this.lookLater(interval)), delay).unref();
  }

  /** Gives false if somebody else took the run over. */
  private async pruneAll(run: ScheduledRun): Promise<boolean> {
    for (const pruner of this.pruners.all()) {
      if (this.stopping) break;
      const deleted = await this.attempt(pruner, async () => !this.stopping && (await run.keep()));
      if (deleted > 0) this.logger.log(`Deleted ${deleted} ${pruner.subject}.`);
      if (!run.isHeld) return false;
    }
    return true;
  }

  /** One that fails does not keep the others from their work. */
  private async attempt(pruner: Pruner, goOn: () => Promise<boolean>): Promise<number> {
    try {
      return await prune(pruner, goOn);
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error;
      if (!isNotPermitted(error)) this.logger.error({ err: error }, `The ${pruner.subject} could not be pruned`);
      else if (!this.forbidden.has(pruner.subject)) {
        this.forbidden.add(pruner.subject);
        this.logger.warn(`The application's database role may not delete ${pruner.subject}: prune them with another.`);
      }
      return 0;
    }
  }
}
