// A passkey authenticator in software: creates credentials and signs with them, as a browser would (WebAuthn Level 3).
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** @typedef {'ES256' | 'RS256' | 'EdDSA'} PasskeyAlgorithm */

/**
 * @typedef {object} Fields what a test can make wrong
 * @property {string} [origin]
 * @property {string} [rpId]
 * @property {string} [type]
 * @property {string} [challenge]
 * @property {object} [clientData] further members of the client data
 * @property {number} [flags] see `FLAGS`
 * @property {number} [counter]
 * @property {string | null} [userHandle]
 * @property {string} [format]
 * @property {Map<string, unknown>} [statement]
 * @property {Buffer} [attestationObject]
 * @property {Map<number, unknown>} [publicKey] in the form of COSE
 * @property {Buffer} [extensions]
 */

/** The flags of authenticator data (§6.1). */
export const FLAGS = { present: 1, verified: 4, backupEligible: 8, backedUp: 16, attested: 64, extensions: 128 };
const USUAL_FLAGS = FLAGS.present | FLAGS.verified;

export class SoftwareAuthenticator {
  credentialId = randomBytes(32);
  counter = 0;
  /** @type {string | null} */
  userHandle = null;

  /** @param {string} origin @param {PasskeyAlgorithm} [algorithm] */
  constructor(origin, algorithm = 'ES256') {
    this.origin = origin;
    this.rpId = new URL(origin).hostname;
    this.algorithm = algorithm;
    this.keys = generateKeys(algorithm);
  }

  /**
   * Returns the response to the options of a registration.
   *
   * @param {any} options @param {Fields} [fields]
   */
  create(options, fields = {}) {
    this.userHandle = options.user.id;
    const { flags = USUAL_FLAGS, format = 'none', statement = new Map() } = fields;
    const { publicKey = coseKey(this.algorithm, this.keys.publicKey), extensions = Buffer.alloc(0) } = fields;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.credentialId.length);
    const authData = Buffer.concat([
      this.authenticatorData(flags | FLAGS.attested, fields),
      Buffer.alloc(16),
      length,
      this.credentialId,
      cbor(publicKey),
      extensions,
    ]);
    const { attestationObject = cbor(new Map(Object.entries({ fmt: format, attStmt: statement, authData }))) } = fields;
    return this.response({
      clientDataJSON: clientData('webauthn.create', options, this.origin, fields).toString('base64url'),
      attestationObject: attestationObject.toString('base64url'),
      transports: ['internal', 'hybrid'],
    });
  }

  /**
   * Returns the response to the options of a sign-in.
   *
   * @param {any} options @param {Fields} [fields]
   */
  get(options, fields = {}) {
    this.counter += 1;
    const authData = this.authenticatorData(fields.flags ?? USUAL_FLAGS, fields);
    const json = clientData('webauthn.get', options, this.origin, fields);
    const signed = Buffer.concat([authData, createHash('sha256').update(json).digest()]);
    const digest = this.algorithm === 'EdDSA' ? null : 'sha256';
    return this.response({
      clientDataJSON: json.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: sign(digest, signed, this.keys.privateKey).toString('base64url'),
      userHandle: fields.userHandle === undefined ? this.userHandle : fields.userHandle,
    });
  }

  /** @param {number} flags @param {Fields} fields */
  authenticatorData(flags, { rpId = this.rpId, counter = this.counter }) {
    const rest = Buffer.alloc(5);
    rest.writeUInt8(flags);
    rest.writeUInt32BE(counter, 1);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), rest]);
  }

  /** @template T @param {T} response */
  response(response) {
    const id = this.credentialId.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }
}

/** @param {string} type @param {any} options @param {string} origin @param {Fields} fields */
function clientData(type, options, origin, fields) {
  const { challenge = options.challenge } = fields;
  const json = { type: fields.type ?? type, challenge, origin: fields.origin ?? origin, crossOrigin: false };
  return Buffer.from(JSON.stringify({ ...json, ...fields.clientData }));
}

/** @param {PasskeyAlgorithm} algorithm */
function generateKeys(algorithm) {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return algorithm === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2_048 }) : generateKeyPairSync('ed25519');
}

/**
 * Returns a public key in the form of COSE (RFC 9053).
 *
 * @param {PasskeyAlgorithm} algorithm @param {import('node:crypto').KeyObject} key
 */
export function coseKey(algorithm, key) {
  const { x = '', y = '', n = '', e = '' } = key.export({ format: 'jwk' });
  const bytes = (/** @type {string} */ text) => Buffer.from(text, 'base64url');
  if (algorithm === 'ES256') return new Map(/** @type {[number, unknown][]} */ ([[1, 2], [3, -7], [-1, 1], [-2, bytes(x)], [-3, bytes(y)]])); // prettier-ignore
  if (algorithm === 'EdDSA') return new Map(/** @type {[number, unknown][]} */ ([[1, 1], [3, -8], [-1, 6], [-2, bytes(x)]])); // prettier-ignore
  return new Map(/** @type {[number, unknown][]} */ ([[1, 3], [3, -257], [-1, bytes(n)], [-2, bytes(e)]])); // prettier-ignore
}

/**
 * Encodes integers, bytes, texts and maps (RFC 8949).
 *
 * @param {unknown} value @returns {Buffer}
 */
export function cbor(value) {
  if (typeof value === 'number') return value < 0 ? head(1, -value - 1) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  throw new Error('This value is not supported.');
}

/** @param {number} type @param {number} size */
function head(type, size) {
  if (size < 24) return Buffer.from([(type << 5) | size]);
  return size < 256 ? Buffer.from([(type << 5) | 24, size]) : Buffer.from([(type << 5) | 25, size >> 8, size & 255]);
}
