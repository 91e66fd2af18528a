import type { components } from './schema.js';

type Schemas = components['schemas'];

/** The parts of Web Authentication that we use. Node.js does not have it. */
interface WebAuthn {
  readonly PublicKeyCredential: Record<
    'parseCreationOptionsFromJSON' | 'parseRequestOptionsFromJSON',
    (options: object) => object
  >;
  readonly navigator: {
    readonly credentials: Record<'create' | 'get', (options: { publicKey: object }) => Promise<{ toJSON(): unknown }>>;
  };
}

/** Lets the browser create a passkey, for `POST /auth/factors/passkeys`. Throws if the user cancels. */
export async function createPasskey(options: Schemas['PasskeyCreationOptions']) {
  const { PublicKeyCredential, navigator } = globalThis as unknown as WebAuthn;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey })).toJSON() as Schemas['AddPasskey']['response'];
}

/** Lets the browser use a passkey, for a sign-in or a step-up. Throws if the user cancels. */
export async function usePasskey(options: Schemas['PasskeyRequestOptions']) {
  const { PublicKeyCredential, navigator } = globalThis as unknown as WebAuthn;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON() as Schemas['PasskeySignIn']['response'];
}
