/** Returns a request target without its query. */
export function withoutQuery(target: string): string {
  return target.split('?', 1)[0] ?? '';
}

const API_KEY = /ghk_[A-Za-z0-9_-]+/g;

/** Returns a request target for logs and traces: without its query, and without an API key that was sent as an ID. */
export function withoutSecrets(target: string): string {
  return withoutQuery(target).replace(API_KEY, '[key]');
}
