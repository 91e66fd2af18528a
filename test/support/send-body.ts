import type { Test } from 'supertest';
import type { Operation, Schema } from './operations.js';

/** Adds a body to a request in the media type of its operation, for tests that walk the documented routes. */
export function sendBody(request: Test, { mediaType, body: fields }: Operation, body: unknown): void {
  if (mediaType === 'multipart/form-data') {
    const files = new Set(fields.filter(({ schema }) => isFile(schema)).map(({ name }) => name));
    const entries = Object.entries(Object(body) as object);
    for (const [name, value] of entries) {
      if (files.has(name)) void request.attach(name, Buffer.from('x'), 'file.txt');
      else void request.field(name, String(value));
    }
    if (entries.length === 0) void request.type(`${mediaType}; boundary=end`).send('--end--\r\n');
  } else if (mediaType) {
    const isObject = mediaType.endsWith('json') || mediaType.endsWith('form-urlencoded');
    void request.type(mediaType).send(isObject ? (body as object) : JSON.stringify(body));
  }
}

function isFile({ format, items }: Schema): boolean {
  return format === 'binary' || items?.format === 'binary';
}
