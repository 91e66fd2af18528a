import { generateKeyPairSync } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import {
  cbor,
  coseKey,
  FLAGS,
  SoftwareAuthenticator,
  type Fields,
  type PasskeyAlgorithm,
} from '../../../bench/support/authenticator.js';
import { NONE_ES256, PACKED_ES256, type WebauthnVector } from '../../../test/support/webauthn-vectors.js';
import { ValidationFailedError } from '../../common/domain.error.js';
import { newId } from '../../common/id.js';
import { parseEnvironment } from '../../config/env.js';
import { PasskeyChallenges, type ChallengeScope } from './passkey-challenges.js';
import {
  IsPasskeyAssertion,
  IsPasskeyRegistration,
  type PasskeyAssertion,
  type PasskeyRegistration,
} from './passkey-response.js';
import { PasskeyVerifier, userHandleOf } from './passkey.verifier.js';
import { PasskeyInvalidError } from './passkeys.errors.js';

class Body {
  @IsPasskeyRegistration()
  registration!: PasskeyRegistration;

  @IsPasskeyAssertion()
  assertion!: PasskeyAssertion;
}

const ORIGIN = 'https://example.org';
const config = parseEnvironment({ PUBLIC_URL: `${ORIGIN}/app`, WEBAUTHN_ORIGINS: `${ORIGIN},https://www.example.org` });
const challenges = new PasskeyChallenges(config);
const verifier = new PasskeyVerifier(config, challenges);
const userId = newId();
const SIGN_IN = { purpose: 'sign_in' } as const;
const ENROLLMENT = { purpose: 'registration', boundTo: 'a session' } as const;

const optionsFor = (scope: ChallengeScope) => ({
  challenge: challenges.issue(scope).toString('base64url'),
  user: { id: userHandleOf(userId) },
});
/** Returns a response as the validation of its DTO would. */
const readRegistration = (value: object) => plainToInstance(Body, { registration: value }).registration;
const readAssertion = (value: object) => plainToInstance(Body, { assertion: value }).assertion;

async function register(authenticator: SoftwareAuthenticator, fields?: Fields) {
  const response = authenticator.create(optionsFor(ENROLLMENT), fields);
  return verifier.verifyRegistration(readRegistration(response), ENROLLMENT);
}

/** Registers a passkey and uses it. */
async function use(authenticator: SoftwareAuthenticator, fields?: Fields, scope: ChallengeScope = SIGN_IN) {
  const passkey = { ...(await register(authenticator)), userId };
  return verifier.verifyAssertion(readAssertion(authenticator.get(optionsFor(scope), fields)), passkey, SIGN_IN);
}

describe('PasskeyVerifier', () => {
  it.each<PasskeyAlgorithm>(['ES256', 'RS256', 'EdDSA'])('accepts a passkey with %s and its use', async (algorithm) => {
    const authenticator = new SoftwareAuthenticator(ORIGIN, algorithm);
    const { credentialId, transports } = await register(authenticator);
    expect([credentialId, transports]).toEqual([authenticator.credentialId, ['internal', 'hybrid']]);
    expect(await use(authenticator)).toMatchObject({ signCount: 1, isBackedUp: false });
  });

  const flaws: readonly (readonly [string, Fields])[] = [
    ['another origin', { origin: 'https://example.com' }],
    ['an origin with a port', { origin: `${ORIGIN}:8443` }],
    ['an origin below ours', { origin: 'https://evil.example.org' }],
    ['another RP ID', { rpId: 'example.com' }],
    ['another type', { type: 'webauthn.other' }],
    ['a random challenge', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['an empty challenge', { challenge: '' }],
    ['no user verification', { flags: FLAGS.present }],
    ['no user presence', { flags: FLAGS.verified }],
    ['a backup without eligibility', { flags: FLAGS.present | FLAGS.verified | FLAGS.backedUp }],
    ['extensions that are missing', { flags: FLAGS.present | FLAGS.verified | FLAGS.extensions }],
    ['a frame of another site', { clientData: { crossOrigin: true } }],
    ['a top origin', { clientData: { topOrigin: ORIGIN } }],
  ];

  it.each(flaws)('rejects a new passkey with %s', async (_, fields) => {
    await expect(register(new SoftwareAuthenticator(ORIGIN), fields)).rejects.toThrow(PasskeyInvalidError);
  });

  it.each([
    ...flaws,
    ['the user handle of another account', { userHandle: userHandleOf(newId()) }],
    ['no user handle', { userHandle: null }],
    ['the type of a registration', { type: 'webauthn.create' }],
  ] satisfies typeof flaws)('rejects the use of a passkey with %s', async (_, fields) => {
    await expect(use(new SoftwareAuthenticator(ORIGIN), fields)).rejects.toThrow(PasskeyInvalidError);
  });

  it('logs the first origin that is not listed', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const fresh = new PasskeyVerifier(config, challenges);
    for (const origin of ['https://example.com', 'https://example.net']) {
      const response = new SoftwareAuthenticator(ORIGIN).create(optionsFor(ENROLLMENT), { origin });
      await expect(fresh.verifyRegistration(readRegistration(response), ENROLLMENT)).rejects.toThrow();
    }
    expect(warn.mock.calls).toEqual([[expect.stringContaining('"https://example.com" tried to use a passkey')]]);
    warn.mockRestore();
  });

  it('rejects the signature of another key', async () => {
    const [passkey, other] = [await register(new SoftwareAuthenticator(ORIGIN)), new SoftwareAuthenticator(ORIGIN)];
    await register(other);
    const response = readAssertion(other.get(optionsFor(SIGN_IN)));
    await expect(verifier.verifyAssertion(response, { ...passkey, userId }, SIGN_IN)).rejects.toThrow(
      PasskeyInvalidError,
    );
  });

  it.each<ChallengeScope>([ENROLLMENT, { purpose: 'step_up', boundTo: '' }, { purpose: 'second_factor', boundTo: '' }])(
    'rejects a challenge for another purpose: %j',
    async (scope) => {
      await expect(use(new SoftwareAuthenticator(ORIGIN), {}, scope)).rejects.toThrow(PasskeyInvalidError);
    },
  );

  it('accepts the other configured origin', async () => {
    await expect(use(new SoftwareAuthenticator(ORIGIN), { origin: 'https://www.example.org' })).resolves.toBeDefined();
  });

  it('reports that a passkey is backed up', async () => {
    const flags = FLAGS.present | FLAGS.verified | FLAGS.backupEligible | FLAGS.backedUp;
    expect(await register(new SoftwareAuthenticator(ORIGIN), { flags })).toMatchObject({ isBackedUp: true });
  });

  it('drops an attestation, even an invalid one of an unknown format', async () => {
    const fields = { format: 'future', statement: new Map([['x5c', 'no certificate']]) };
    await expect(register(new SoftwareAuthenticator(ORIGIN), fields)).resolves.toBeDefined();
  });

  it.each([
    ['no CBOR', Buffer.from('ff', 'hex')],
    ['a text', cbor('text')],
    ['a map without authenticator data', cbor(new Map([['fmt', 'none']]))],
    ['a thousand nested arrays', Buffer.alloc(20_000, 0x81)],
  ])('rejects an attestation object that is %s', async (_, attestationObject) => {
    await expect(register(new SoftwareAuthenticator(ORIGIN), { attestationObject })).rejects.toThrow(
      ValidationFailedError,
    );
  });

  it('keeps prototypes clean when the extensions have such a name', async () => {
    const extensions = cbor(new Map([['__proto__', new Map([['polluted', 'yes']])]]));
    const authenticator = new SoftwareAuthenticator(ORIGIN);
    await register(authenticator, { flags: FLAGS.present | FLAGS.verified | FLAGS.extensions, extensions });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  const ES256_KEY = coseKey('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);

  it.each<[string, [number, unknown][]]>([
    ['a point that is not on the curve', [...ES256_KEY, [-3, Buffer.alloc(32)]]],
    ['an algorithm that was not offered', [...ES256_KEY, [3, -35]]],
    ['no parameters', [...ES256_KEY].slice(0, 2)],
    ['1,024 bits', [[1, 3], [3, -257], [-1, Buffer.alloc(128, 0xff)], [-2, Buffer.from([1, 0, 1])]]], // prettier-ignore
    ['leading zeros', [[1, 3], [3, -257], [-1, Buffer.concat([Buffer.alloc(200), Buffer.alloc(56, 0xff)])], [-2, Buffer.from([1, 0, 1])]]], // prettier-ignore
    ['the exponent one', [[1, 3], [3, -257], [-1, Buffer.alloc(256, 0xff)], [-2, Buffer.from([1])]]], // prettier-ignore
    ['8,192 bits', [[1, 3], [3, -257], [-1, Buffer.alloc(1_024, 0xff)], [-2, Buffer.from([1, 0, 1])]]], // prettier-ignore
  ])('rejects a public key with %s', async (_, entries) => {
    const publicKey = new Map(entries);
    await expect(register(new SoftwareAuthenticator(ORIGIN), { publicKey })).rejects.toThrow(PasskeyInvalidError);
  });

  describe('with the test vectors of the specification', () => {
    /** Accepts the challenge of a vector. */
    const withChallenge = (challenge: string) =>
      new PasskeyVerifier(config, {
        verify: (text: string) => (text === challenge ? { nonce: Buffer.alloc(16), expiresAt: new Date() } : null),
      } as unknown as PasskeyChallenges);
    const verifyBoth = async ({ registration, assertion, credentialId: id }: WebauthnVector) => {
      const envelope = { id, rawId: id, type: 'public-key' };
      const passkey = await withChallenge(registration.challenge).verifyRegistration(
        readRegistration({ ...envelope, response: registration }),
        ENROLLMENT,
      );
      const scope = { purpose: 'step_up', boundTo: '' } as const;
      const response = readAssertion({ ...envelope, response: assertion });
      return withChallenge(assertion.challenge).verifyAssertion(response, { ...passkey, userId }, scope);
    };

    it('accepts ES256 with the certificate of a manufacturer', async () => {
      expect(await verifyBoth(PACKED_ES256)).toMatchObject({ signCount: 0, isBackedUp: false });
    });

    it('rejects ES256 without user verification', async () => {
      await expect(verifyBoth(NONE_ES256)).rejects.toThrow(PasskeyInvalidError);
    });

    it('rejects a changed signature', async () => {
      const bytes = Buffer.from(PACKED_ES256.assertion.signature, 'base64url');
      bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
      const assertion = { ...PACKED_ES256.assertion, signature: bytes.toString('base64url') };
      await expect(verifyBoth({ ...PACKED_ES256, assertion })).rejects.toThrow(PasskeyInvalidError);
    });
  });
});

describe('the shape of a passkey', () => {
  const valid = new SoftwareAuthenticator(ORIGIN).get({ challenge: 'AAAA' });
  const isValid = (assertion: unknown) =>
    !validateSync(plainToInstance(Body, { assertion })).some(({ property }) => property === 'assertion');
  const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('may have members of later versions', () => {
    expect(isValid({ ...valid, authenticatorAttachment: 'platform', later: 1 })).toBe(true);
  });

  it.each([
    ['no object', 'text'],
    ['null', null],
    ['an array', [valid]],
    ['no ID', { ...valid, id: undefined }],
    ['an ID with padding', { ...valid, id: `${valid.id}=` }],
    ['another spelling of the ID', { ...valid, id: respell(valid.id) }],
    ['an ID of 1,024 bytes', { ...valid, id: Buffer.alloc(1_024).toString('base64url') }],
    ['another type', { ...valid, type: 'password' }],
    ['no signature', { ...valid, response: { ...valid.response, signature: undefined } }],
    ['a signature with a slash', { ...valid, response: { ...valid.response, signature: 'a/b' } }],
    ['a huge signature', { ...valid, response: { ...valid.response, signature: 'A'.repeat(2_000) } }],
    ['client data that is no JSON', { ...valid, response: { ...valid.response, clientDataJSON: 'AAAA' } }],
    ['client data without a challenge', { ...valid, response: { ...valid.response, clientDataJSON: json({}) } }],
    ['client data that is null', { ...valid, response: { ...valid.response, clientDataJSON: json(null) } }],
    ['a user handle of 65 bytes', { ...valid, response: { ...valid.response, userHandle: 'A'.repeat(90) } }],
  ])('is rejected if it has %s', (_, assertion) => {
    expect([isValid(valid), isValid(assertion)]).toEqual([true, false]);
  });
});

/** Returns base64url of the same 32 bytes, with other unused bits in the last character. */
function respell(id: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return id.slice(0, -1) + alphabet.charAt(alphabet.indexOf(id.slice(-1)) + 1);
}
