import { SealedBox } from './sealed-box.js';

const OLD = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';
const NEW = 'pT3wYr8nKd5QzC1mHb7VgL2sJx9EfUaN';

describe('SealedBox', () => {
  const box = new SealedBox(OLD);

  it('decrypts what it encrypted, and never encrypts identically twice', () => {
    const [first, second] = [box.seal('Grüße'), box.seal('Grüße')];
    expect([box.open(first), box.open(second)]).toEqual(['Grüße', 'Grüße']);
    expect(first.equals(second)).toBe(false);
  });

  it('decrypts with previous secrets', () => {
    expect(new SealedBox(NEW, [OLD]).open(box.seal('secret'))).toBe('secret');
  });

  it('returns null for another secret', () => {
    expect(new SealedBox(NEW).open(box.seal('secret'))).toBeNull();
  });

  it('returns null if any byte is changed or missing', () => {
    const sealed = box.seal('secret');
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8((changed[index] ?? 0) ^ 1, index);
      expect([index, box.open(changed), box.open(sealed.subarray(0, index))]).toEqual([index, null, null]);
    }
  });
});
