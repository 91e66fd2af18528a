import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Pruner } from '../database/pruner.js';

/** Finds the pruners of all modules. */
@Injectable()
export class Pruners {
  constructor(private readonly discovery: DiscoveryService) {}

  /** Returns every pruner, ordered by subject. */
  all(): Pruner[] {
    const instances = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    const pruners = instances.filter((instance) => instance instanceof Pruner);
    return pruners.sort((a, b) => a.subject.localeCompare(b.subject));
  }

  /** Returns the pruner of one subject, such as `sessions`. */
  find(subject: string): Pruner {
    const pruner = this.all().find((candidate) => candidate.subject === subject);
    if (!pruner) throw new Error(`No module prunes ${subject}.`);
    return pruner;
  }
}
