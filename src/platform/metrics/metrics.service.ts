import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { GAUGES, type GaugeValue, type HasGauges } from '../../common/gauges.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { MetricsListener } from './metrics-listener.js';
import type { MetricsRegistry } from './metrics.registry.js';
import { RequestMetrics } from './request-metrics.middleware.js';
import { answerPrimary } from './metrics-messages.js';

/** Provides metrics to Prometheus if `METRICS_PORT` is set. */
@Injectable()
export class MetricsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Metrics');
  private readonly requests = new RequestMetrics();
  private isActive = false;
  private registry: MetricsRegistry | undefined;
  private listener: MetricsListener | undefined;
  private stopAnswering: (() => void) | undefined;

  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly discovery: DiscoveryService,
  ) {}

  /** Returns the middleware that measures requests. Call this only if `METRICS_PORT` is set. Commands have no metrics. */
  activate() {
    this.isActive = true;
    return this.requests.middleware;
  }

  /** The URL of the metrics, if this process serves them. */
  get url(): string | undefined {
    return this.listener?.url;
  }

  /** Starts before the application listens, so that it does not start if the port is in use. */
  async onApplicationBootstrap(): Promise<void> {
    const { metrics, worker } = this.config;
    if (!this.isActive || metrics.port === null) return;
    // Loaded on demand, because most of the code of `prom-client` runs when it is imported.
    const { MetricsRegistry } = await import('./metrics.registry.js');
    const registry = (this.registry = new MetricsRegistry(this.requests));
    // The first process collects the metrics of all workers.
    if (worker) this.stopAnswering = answerPrimary(async () => registry.json(await this.readGauges()));
    else {
      const { host, port } = metrics;
      this.listener = await MetricsListener.start({ host, port }, async () => registry.text(await this.readGauges()));
      this.logger.log(`Metrics are on ${this.listener.url}`);
    }
  }

  onApplicationShutdown(): void {
    this.stopAnswering?.();
    this.listener?.close();
    this.registry?.close();
  }

  private async readGauges(): Promise<GaugeValue[]> {
    const gauges = await Promise.all(this.providers().map(async (provider) => provider[GAUGES]()));
    return gauges.flat();
  }

  private providers(): HasGauges[] {
    const instances = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    return [...new Set(instances.filter(hasGauges))];
  }
}

function hasGauges(instance: unknown): instance is HasGauges {
  return typeof instance === 'object' && instance !== null && GAUGES in instance;
}
