import { MetricsService } from '../../src/platform/metrics/metrics.service.js';
import type { TestApp } from './test-app.js';

/** The metrics of one scrape. */
export class Metrics {
  private constructor(readonly text: string) {}

  /** Scrapes an instance that has `METRICS_PORT: '0'`. */
  static of({ app }: TestApp): Promise<Metrics> {
    const { url } = app.get(MetricsService);
    if (url === undefined) throw new Error('This instance serves no metrics.');
    return Metrics.from(url);
  }

  static async from(url: string): Promise<Metrics> {
    const response = await fetch(url);
    if (response.status !== 200) throw new Error(`The scrape failed with status ${response.status}.`);
    return new Metrics(await response.text());
  }

  /** The names of all series, for example of each bucket, sum and count. */
  get names(): ReadonlySet<string> {
    return new Set(this.series.map(({ name }) => name));
  }

  /** The names of all labels. */
  get labels(): ReadonlySet<string> {
    return new Set(this.series.flatMap(({ labels }) => labels.map((label) => label.replace(/=.*/, ''))));
  }

  /** Returns the sum of the series with this name and at least these labels. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const found = this.series.filter(
      (series) => series.name === name && wanted.every((l) => series.labels.includes(l)),
    );
    return found.reduce((sum, { value }) => sum + value, 0);
  }

  /** Returns the values of a label, sorted. */
  labelValues(name: string, label: string): string[] {
    const values = this.series.flatMap((series) => {
      const prefix = `${label}="`;
      return series.name === name
        ? series.labels.filter((text) => text.startsWith(prefix)).map((text) => text.slice(prefix.length, -1))
        : [];
    });
    return [...new Set(values)].sort();
  }

  private get series() {
    return this.text.split('\n').flatMap((line) => {
      const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs: string[] = labels.match(/\w+="[^"]*"/g) ?? [];
      return name === undefined ? [] : [{ name, labels: pairs, value: Number(value) }];
    });
  }
}
