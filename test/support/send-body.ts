import type { Test } from 'supertest';

/** Adds a body to a request as its media type requires, for tests that walk the documented routes. */
export function sendBody(request: Test, mediaType: string | undefined, body: unknown): void {
  if (mediaType === 'multipart/form-data') {
    for (const [name, value] of Object.entries(Object(body) as object)) void request.field(name, String(value));
  } else if (mediaType) {
    const isObject = mediaType.endsWith('json') || mediaType.endsWith('form-urlencoded');
    void request.type(mediaType).send(isObject ? (body as object) : JSON.stringify(body));
  }
}
