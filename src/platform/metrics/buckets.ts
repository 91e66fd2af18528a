/** The counts of a histogram. */
export class Buckets {
  private readonly counts: number[];
  private sum = 0;

  /** @param bounds the upper bounds, ascending */
  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let index = 0;
    while (value > (this.bounds[index] ?? Infinity)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }

  get total(): number {
    return this.counts.reduce((total, count) => total + count, 0);
  }

  /** Returns the values in the form of `prom-client`. The count of each bucket includes the smaller buckets. */
  values(name: string, labels: Readonly<Record<string, string | number>>) {
    let total = 0;
    const buckets = this.counts.map((count, index) => {
      total += count;
      return { metricName: `${name}_bucket`, labels: { le: this.bounds[index] ?? '+Inf', ...labels }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.sum },
      { metricName: `${name}_count`, labels, value: total },
    ];
  }
}
