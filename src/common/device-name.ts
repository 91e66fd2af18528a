import Bowser from 'bowser';

/** A short name for people: what the client called itself, or else what its user agent says, as `Chrome on macOS`. */
export function describeDevice(deviceName: string | null, userAgent: string | null): string {
  if (deviceName) return deviceName;
  if (!userAgent) return 'Unknown device';
  const { browser, os } = Bowser.parse(userAgent);
  const product = /^[^/\s]{1,40}/.exec(userAgent)?.[0] ?? 'Unknown client';
  const name = browser.name || product;
  return os.name ? `${name} on ${os.name}` : name;
}
