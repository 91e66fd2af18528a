import { validate, version } from 'uuid';
import { newRequestId } from './request-id.js';

describe('newRequestId', () => {
  it('returns a UUID version 7 with the current time', () => {
    const before = Date.now();
    const id = newRequestId();
    expect([validate(id), version(id)]).toEqual([true, 7]);
    const time = parseInt(id.replace('-', '').slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('returns a different ID each time', () => {
    expect(new Set(Array.from({ length: 100_000 }, newRequestId)).size).toBe(100_000);
  });
});
