import type { RequestHandler } from 'express';
import { CLIENT_CLOSED_REQUEST, finalStatusOf, methodOf, routeOf } from '../../http/request-outcome.js';
import { Buckets } from './buckets.js';

/** The buckets that OpenTelemetry recommends for requests, in seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The requests with one combination of labels. */
export interface RequestSeries {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly buckets: Buckets;
}

/**
 * Measures requests. Uses no metric of `prom-client`, because that takes a microsecond per request to build a key of the
 * labels.
 */
export class RequestMetrics {
  active = 0;
  private readonly byRoute = new Map<string, Map<string, RequestSeries[]>>();

  readonly middleware: RequestHandler = (request, response, next) => {
    const start = performance.now();
    this.active += 1;
    // Emitted once. `once` would cost more than `on`.
    response.on('close', () => {
      this.active -= 1;
      const series = this.find(routeOf(request), methodOf(request), finalStatusOf(response));
      series.buckets.observe((performance.now() - start) / 1_000);
    });
    next();
  };

  all(): RequestSeries[] {
    return [...this.byRoute.values()].flatMap((byMethod) => [...byMethod.values()].flat());
  }

  aborted(): RequestSeries[] {
    return this.all().filter(({ status }) => status === CLIENT_CLOSED_REQUEST);
  }

  private find(route: string, method: string, status: number): RequestSeries {
    const found = this.byRoute
      .get(route)
      ?.get(method)
      ?.find((series) => series.status === status);
    return found ?? this.add(route, method, status);
  }

  private add(route: string, method: string, status: number): RequestSeries {
    const byMethod = this.byRoute.get(route) ?? new Map<string, RequestSeries[]>();
    const all = byMethod.get(method) ?? [];
    this.byRoute.set(route, byMethod.set(method, all));
    const series = { method, route, status, buckets: new Buckets(BOUNDS) };
    all.push(series);
    return series;
  }
}
