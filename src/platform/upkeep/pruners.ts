import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Pruner } from '../database/pruner.js';
import { UpkeepTask } from './upkeep-task.js';

/** Finds the pruners and upkeep tasks of all modules. */
@Injectable()
export class Pruners {
  constructor(private readonly discovery: DiscoveryService) {}

  /** Returns every pruner, ordered by subject. */
  all(): Pruner[] {
    const pruners = this.providers().filter((instance) => instance instanceof Pruner);
    return pruners.sort((a, b) => a.subject.localeCompare(b.subject));
  }

  /** Returns every other upkeep task. */
  tasks(): UpkeepTask[] {
    return this.providers().filter((instance) => instance instanceof UpkeepTask);
  }

  /** Returns the pruner of one subject, such as `sessions`. */
  find(subject: string): Pruner {
    const pruner = this.all().find((candidate) => candidate.subject === subject);
    if (!pruner) throw new Error(`No module prunes ${subject}.`);
    return pruner;
  }

  private providers(): unknown[] {
    return this.discovery.getProviders().map(({ instance }) => instance as unknown);
  }
}
