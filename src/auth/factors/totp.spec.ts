import { generateSync } from 'otplib';
import { generateSecret, qrCodeOf, stepOf, totpUri } from './totp.js';

const EPOCH = 1_800_000_010;
const STEP = Math.floor(EPOCH / 30);

describe('TOTP', () => {
  // Constant, because codes of different steps are equal by chance.
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  const at = (steps: number) => generateSync({ secret, epoch: EPOCH + steps * 30 });

  it('accepts the code of RFC 6238 for its time', () => {
    // Appendix B, the last six of eight digits. The secret is the text 12345678901234567890.
    expect(stepOf('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', '081804', null, 1_111_111_109)).toBe(37_037_036);
  });

  it.each([-1, 0, 1])('accepts the code %i steps away', (steps) => {
    expect(stepOf(secret, at(steps), null, EPOCH)).toBe(STEP + steps);
  });

  it.each([-3, -2, 2, 3])('rejects the code %i steps away', (steps) => {
    expect(stepOf(secret, at(steps), null, EPOCH)).toBeNull();
  });

  it('rejects the last used code and earlier ones', () => {
    expect(stepOf(secret, at(0), STEP, EPOCH)).toBeNull();
    expect(stepOf(secret, at(-1), STEP, EPOCH)).toBeNull();
    expect(stepOf(secret, at(1), STEP, EPOCH)).toBe(STEP + 1);
  });

  it('rejects every code while the clock is behind the last used one', () => {
    for (const steps of [-1, 0, 1]) expect(stepOf(secret, at(steps), STEP + 5, EPOCH)).toBeNull();
  });

  it('escapes the product and the account in its URI', () => {
    const uri = new URL(totpUri('Müller & Söhne', 'ada+1@example.com', secret));
    expect(decodeURIComponent(uri.pathname)).toContain('Müller & Söhne:ada+1@example.com');
    expect(Object.fromEntries(uri.searchParams)).toMatchObject({ secret, issuer: 'Müller & Söhne' });
  });

  it('has a QR code in SVG without scripts', () => {
    expect(qrCodeOf(totpUri('Gatehouse', 'a'.repeat(250), generateSecret()))).toMatch(
      /^<svg [^<]*(<(rect|path) [^<]*)+<\/svg>$/,
    );
  });
});
