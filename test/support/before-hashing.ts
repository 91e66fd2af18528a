import { PasswordHasher } from '../../src/platform/passwords/password-hasher.js';
import type { TestApp } from './test-app.js';

/**
 * Runs `happen` just before an instance hashes or verifies its next password. By then the guards have passed, but the
 * handler has not written anything. Restore the mocks after the test.
 */
export function beforeHashing(app: TestApp, method: 'hash' | 'verify', happen: () => PromiseLike<unknown>): void {
  const hasher = app.app.get(PasswordHasher);
  const original = hasher[method].bind(hasher) as (...args: unknown[]) => Promise<never>;
  jest.spyOn(hasher, method).mockImplementationOnce(async (...args: unknown[]) => {
    await happen();
    return original(...args);
  });
}
