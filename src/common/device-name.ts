import Bowser from 'bowser';

const UNKNOWN = 'Unknown device';

/** Letters, digits and common punctuation. A dot inside a word is not allowed, because that could be a URL. */
const PLAIN_NAME = /^(?:[\p{L}\p{M}\p{N}'’()+_ -]|\.(?= |$)){1,60}$/u;
/** Possibly a telephone number. */
const MANY_DIGITS = /(?:\p{N}[^\p{L}]*){6}/u;

/**
 * Returns a name for mails that we send, which must not contain a stranger's message. If the given name could contain a
 * URL or a telephone number, derives one from the user agent.
 */
export function describeDeviceSafely(deviceName: string | null, userAgent: string | null): string {
  const names = [describeDevice(deviceName, userAgent), describeDevice(null, userAgent)];
  return names.find(isPlainName) ?? UNKNOWN;
}

/** Returns whether a name that a stranger may have chosen is harmless in mails that we send. */
export function isPlainName(name: string): boolean {
  return PLAIN_NAME.test(name) && !MANY_DIGITS.test(name);
}

/** Returns the name that the client sent, or one derived from its user agent, such as `Chrome on macOS`. */
export function describeDevice(deviceName: string | null, userAgent: string | null): string {
  if (deviceName) return deviceName;
  if (!userAgent) return UNKNOWN;
  const { browser, os } = Bowser.parse(userAgent);
  const product = /^[^/\s]{1,40}/.exec(userAgent)?.[0] ?? 'Unknown client';
  const name = browser.name || product;
  return os.name ? `${name} on ${os.name}` : name;
}
