/** A current value, such as the length of a queue. */
export interface GaugeValue {
  readonly name: string;
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** `null` if the value is not known. */
  readonly value: number | null;
  /** How the values of several workers become one. */
  readonly aggregator?: 'sum' | 'max' | 'min';
}

/** The name of the method of a provider that returns its gauges. Metrics find these providers and call it at each scrape. */
export const GAUGES = Symbol('GAUGES');

export interface HasGauges {
  [GAUGES](): readonly GaugeValue[] | Promise<readonly GaugeValue[]>;
}
