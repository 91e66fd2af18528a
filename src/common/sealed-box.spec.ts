import { SealedBox } from './sealed-box.js';

const OLD = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';
const NEW = 'pT3wYr8nKd5QzC1mHb7VgL2sJx9EfUaN';

describe('SealedBox', () => {
  const box = new SealedBox('tests', OLD);

  it('decrypts what it encrypted, and never encrypts identically twice', () => {
    const [first, second] = [box.seal('Grüße'), box.seal('Grüße')];
    expect([box.open(first)?.text, box.open(second)?.text]).toEqual(['Grüße', 'Grüße']);
    expect(first.equals(second)).toBe(false);
  });

  it('decrypts with previous secrets, and reports that they are not current', () => {
    expect(new SealedBox('tests', NEW, [OLD]).open(box.seal('secret'))).toEqual({ text: 'secret', isCurrent: false });
    expect(box.open(box.seal('secret'))).toEqual({ text: 'secret', isCurrent: true });
  });

  it('returns null for another secret', () => {
    expect(new SealedBox('tests', NEW).open(box.seal('secret'))).toBeNull();
  });

  it('returns null for another purpose', () => {
    expect(new SealedBox('others', OLD).open(box.seal('secret'))).toBeNull();
  });

  it('returns null for another owner', () => {
    const sealed = box.seal('secret', 'ada');
    expect([box.open(sealed, 'ada')?.text, box.open(sealed, 'eve'), box.open(sealed)]).toEqual(['secret', null, null]);
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
