/** Schemes whose pages have no origin of their own, or that browsers do not send. */
const OTHER_SCHEMES = /^(?:https?|wss?|ftp|file|data|blob|about|javascript):/;
/** The origin of an app or a browser extension, such as `capacitor://localhost` or `chrome-extension://<id>`. */
const APP_ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[\w.-]+(?::\d{1,5})?$/;
/** An origin whose first label is `*`. The rest has several labels, because `*.com` belongs to many owners. */
const WILDCARD_ORIGIN = /^https?:\/\/\*\.(?:localhost|[^.*]+(?:\.[^.*]+)+)$/;
const LABEL = /^[a-z\d_-]{1,63}$/;

/** Returns whether browsers can send this origin. `*` can stand for the first label of its host. */
export function isOriginPattern(text: string): boolean {
  if (APP_ORIGIN.test(text) && !OTHER_SCHEMES.test(text)) return true;
  if (text.includes('*') && !WILDCARD_ORIGIN.test(text.replace(/:\d+$/, ''))) return false;
  const example = text.replace('*', 'label');
  return /^https?:/.test(text) && URL.canParse(example) && new URL(example).origin === example;
}

/** Returns whether an `Origin` header matches. A `*` matches one label. */
export function matchesOrigin(pattern: string, origin: string): boolean {
  const [start = '', end] = pattern.split('*');
  if (end === undefined) return origin === pattern;
  return origin.startsWith(start) && origin.endsWith(end) && LABEL.test(origin.slice(start.length, -end.length));
}
