import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { VerifiedTokens } from './verified-tokens.js';

const CLAIMS = { userId: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60', sessionId: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e61' };
const LATER = Date.now() + 900_000;
/** Has the length of an access token. */
const token = (i: number) => `${'x'.repeat(450)}${String(i).padStart(6, '0')}`;

describe('VerifiedTokens', () => {
  afterEach(() => jest.useRealTimers());

  it('returns the claims of an identical token only', () => {
    const tokens = new VerifiedTokens();
    tokens.add(token(1), CLAIMS, LATER);
    expect(tokens.find(token(1))).toBe(CLAIMS);
    expect(tokens.find(token(2))).toBeUndefined();
    expect(tokens.find(`${token(1)} `)).toBeUndefined();
  });

  it('forgets a token exactly when it expires', () => {
    jest.useFakeTimers();
    const tokens = new VerifiedTokens();
    tokens.add(token(1), CLAIMS, Date.now() + 1_000);
    jest.advanceTimersByTime(999);
    expect(tokens.find(token(1))).toBe(CLAIMS);
    jest.advanceTimersByTime(1);
    expect(tokens.find(token(1))).toBeUndefined();
  });

  it('evicts the oldest tokens when it exceeds its memory limit', () => {
    const tokens = new VerifiedTokens();
    const known = (count: number) => Array.from({ length: count }, (_, i) => tokens.find(token(i)) !== undefined);
    for (let i = 0; i < 100_000; i += 1) tokens.add(token(i), CLAIMS, LATER);
    const kept = known(100_000).filter(Boolean).length;
    // 16 MiB, at 856 bytes each.
    expect(kept).toBe(Math.floor((16 * 1_048_576) / 856));
    expect(known(100_000 - kept)).not.toContain(true);
  });

  it('counts a token once if it is added repeatedly', () => {
    const tokens = new VerifiedTokens();
    tokens.add(token(0), CLAIMS, LATER);
    for (let i = 0; i < 100_000; i += 1) tokens.add(token(1), CLAIMS, LATER);
    expect(tokens.find(token(0))).toBe(CLAIMS);
  });

  it('does not keep the header of a token in memory', () => {
    const tokens = new VerifiedTokens();
    const before = usedHeapBytes();
    for (let i = 0; i < 5_000; i += 1) {
      // Padded to nearly the maximum header size of Node.js.
      const header = Buffer.from(`Bearer${' '.repeat(14_000)}${token(i)}`).toString('latin1');
      tokens.add(/^Bearer +(\S+)$/.exec(header)?.[1] ?? '', CLAIMS, LATER);
    }
    const taken = usedHeapBytes() - before;
    expect(tokens.find(token(0))).toBe(CLAIMS);
    expect(taken).toBeLessThan(5_000 * 856 * 2);
  });
});

/** Returns the bytes in use after a garbage collection. */
function usedHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
