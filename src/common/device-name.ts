import Bowser from 'bowser';

const UNKNOWN = 'Unknown device';

/** What devices are called: letters and digits, and what stands between them; no address of a page. */
const PLAIN = /^(?:[\p{L}\p{M}\p{N}'’()+_ -]|\.(?= |$)){1,60}$/u;
/** Nor one of a telephone. */
const MANY_DIGITS = /(?:\p{N}[^\p{L}]*){6}/u;

/**
 * The same for a mail in our name, which must not carry a stranger's words: a name that could be more than one gives way
 * to what the user agent says, and that to nothing.
 */
export function describeDeviceSafely(deviceName: string | null, userAgent: string | null): string {
  const names = [describeDevice(deviceName, userAgent), describeDevice(null, userAgent)];
  return names.find((name) => PLAIN.test(name) && !MANY_DIGITS.test(name)) ?? UNKNOWN;
}

/** A short name for people: what the client called itself, or else what its user agent says, as `Chrome on macOS`. */
export function describeDevice(deviceName: string | null, userAgent: string | null): string {
  if (deviceName) return deviceName;
  if (!userAgent) return UNKNOWN;
  const { browser, os } = Bowser.parse(userAgent);
  const product = /^[^/\s]{1,40}/.exec(userAgent)?.[0] ?? 'Unknown client';
  const name = browser.name || product;
  return os.name ? `${name} on ${os.name}` : name;
}
