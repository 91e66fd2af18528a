import { generateSecret, generateURI, verifySync } from 'otplib';
import { renderSVG } from 'uqr';

/** The parameters that every authenticator app supports: SHA-1, 6 digits, 30 seconds (RFC 6238). */
const PERIOD_SECONDS = 30;

export { generateSecret };

/** Returns the URI that authenticator apps read, usually from a QR code. */
export function totpUri(issuer: string, label: string, secret: string): string {
  return generateURI({ issuer, label, secret });
}

/** Returns a QR code as SVG, with the margin that scanners need. */
export function qrCodeOf(uri: string): string {
  return renderSVG(uri, { ecc: 'M', border: 4 });
}

/**
 * Returns the time step of a code, or `null` if it is wrong. Accepts the current, the previous and the next step, because
 * clocks differ, but none up to the last one that was used (RFC 6238 §5.2). Compares in constant time.
 *
 * @param code six ASCII digits
 */
export function stepOf(
  secret: string,
  code: string,
  lastStep: number | null,
  epoch = Math.floor(Date.now() / 1_000),
): number | null {
  // The library rejects a higher last step with an error. It occurs if the clock was set back.
  if (lastStep !== null && lastStep > Math.floor(epoch / PERIOD_SECONDS)) return null;
  const result = verifySync({
    secret,
    token: code,
    epoch,
    epochTolerance: PERIOD_SECONDS,
    ...(lastStep !== null && { afterTimeStep: lastStep }),
  });
  return result.valid && 'timeStep' in result ? result.timeStep : null;
}
