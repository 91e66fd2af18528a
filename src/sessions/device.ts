import Bowser from 'bowser';
import type { Client } from '../common/client.js';

/** What a client tells of itself when it signs in. */
export interface Device extends Client {
  /** What it wants to be called in the list of sessions. */
  readonly deviceName?: string | null | undefined;
}

/** A short name for people: what the client called itself, or else what its user agent says, as `Chrome on macOS`. */
export function describeDevice(deviceName: string | null, userAgent: string | null): string {
  if (deviceName) return deviceName;
  if (!userAgent) return 'Unknown device';
  const { browser, os } = Bowser.parse(userAgent);
  const product = /^[^/\s]{1,40}/.exec(userAgent)?.[0] ?? 'Unknown client';
  const name = browser.name || product;
  return os.name ? `${name} on ${os.name}` : name;
}
