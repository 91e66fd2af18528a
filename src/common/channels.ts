import { channel as nodeChannel } from 'node:diagnostics_channel';

/**
 * A typed channel of `node:diagnostics_channel`. Without a subscriber, `publish` does nothing. Check `hasSubscribers`
 * before you measure something on a hot path.
 */
export interface Channel<T> {
  readonly hasSubscribers: boolean;
  publish(message: T): void;
  subscribe(listener: (message: T) => void): void;
  unsubscribe(listener: (message: T) => void): void;
}

/** @param name unique in the application, such as `statement` */
export function channel<T extends object>(name: string): Channel<T> {
  return nodeChannel(`gatehouse:${name}`) as unknown as Channel<T>;
}
