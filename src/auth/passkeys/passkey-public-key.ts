/** EdDSA, ES256 and RS256, the most preferred first (IANA COSE Algorithms). Every authenticator has one of them. */
export const ALGORITHMS = [-8, -7, -257];
/** An RSA key of 4,096 bits has 526 bytes. Verification takes longer with larger ones. */
const MAX_KEY_BYTES = 600;
/** 2,048 bits, as NIST SP 800-57 requires. */
const MIN_RSA_BYTES = 256;

/** Imports a key, because a passkey with an unusable key would lock its owner out. @throws Error */
export async function assertUsableKey(publicKey: Uint8Array): Promise<void> {
  if (publicKey.byteLength > MAX_KEY_BYTES) throw new Error('The public key is too large.');
  const { cose, decodeCredentialPublicKey, verifySignature } = await import('@simplewebauthn/server/helpers');
  const key = decodeCredentialPublicKey(new Uint8Array(publicKey));
  if (cose.isCOSEPublicKeyRSA(key) && !isStrong(key.get(cose.COSEKEYS.n), key.get(cose.COSEKEYS.e)))
    throw new Error('The RSA key is too weak.');
  // Two integers in DER, as ECDSA has them.
  const signature = new Uint8Array([0x30, 6, 2, 1, 1, 2, 1, 1]);
  await verifySignature({ signature, data: signature, credentialPublicKey: new Uint8Array(publicKey) });
}

/** Returns whether an RSA key has a modulus of enough bits, and an exponent with which a signature proves something. */
function isStrong(modulus: Uint8Array | undefined, exponent: Uint8Array | undefined): boolean {
  const digits = Buffer.from(exponent ?? []).toString('hex');
  return (modulus?.byteLength ?? 0) >= MIN_RSA_BYTES && (modulus?.[0] ?? 0) >= 0x80 && Number(`0x${digits}`) >= 3;
}
