import { SealedBox } from './sealed-box.js';

const OLD = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';
const NEW = 'pT3wYr8nKd5QzC1mHb7VgL2sJx9EfUaN';

describe('SealedBox', () => {
  const box = new SealedBox(OLD);

  it('opens what it sealed, and never seals alike twice', () => {
    const [first, second] = [box.seal('Grüße'), box.seal('Grüße')];
    expect([box.open(first), box.open(second)]).toEqual(['Grüße', 'Grüße']);
    expect(first.equals(second)).toBe(false);
  });

  it('opens what a previous secret sealed, so that a rotation loses no mail', () => {
    expect(new SealedBox(NEW, [OLD]).open(box.seal('secret'))).toBe('secret');
  });

  it('does not open what another secret sealed', () => {
    expect(new SealedBox(NEW).open(box.seal('secret'))).toBeNull();
  });

  it('does not open what was changed in any byte, or cut anywhere', () => {
    const sealed = box.seal('secret');
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8((changed[index] ?? 0) ^ 1, index);
      expect([index, box.open(changed), box.open(sealed.subarray(0, index))]).toEqual([index, null, null]);
    }
  });
});
