import { PasswordHasher } from '../../src/platform/passwords/password-hasher.js';
import type { TestApp } from './test-app.js';

/**
 * Lets something happen before an instance hashes or checks its next password: late, for whoever was let in by then,
 * and early, for what is going to be written. Mocks must be restored after the test.
 */
export function beforeHashing(app: TestApp, method: 'hash' | 'verify', happen: () => PromiseLike<unknown>): void {
  const hasher = app.app.get(PasswordHasher);
  const original = hasher[method].bind(hasher) as (...args: unknown[]) => Promise<never>;
  jest.spyOn(hasher, method).mockImplementationOnce(async (...args: unknown[]) => {
    await happen();
    return original(...args);
  });
}
