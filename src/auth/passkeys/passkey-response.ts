import { applyDecorators } from '@nestjs/common';
import { Transform, type TransformFnParams } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { z } from 'zod';

const base64url = (maxBytes: number) => z.string().regex(/^[\w-]+$/).max(Math.ceil((maxBytes * 4) / 3)); // prettier-ignore

/** Up to 1023 bytes (WebAuthn §6.5.1). Accepts one spelling only. */
const credentialId = base64url(1_023).refine((text) => Buffer.from(text, 'base64url').toString('base64url') === text);

/** The JSON that the browser has signed. A frame of another site is a sign of phishing, so it is not accepted. */
const clientDataJson = base64url(4_096).refine((text) => {
  try {
    return clientData.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString())).success;
  } catch {
    return false;
  }
});
const clientData = z.object({ type: z.string(), challenge: z.string(), origin: z.string() });

const credential = { id: credentialId, rawId: credentialId, type: z.literal('public-key') };

/** `RegistrationResponseJSON` of WebAuthn. Other members are dropped. */
const registration = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: clientDataJson,
    attestationObject: base64url(32_768),
    transports: z.array(z.string().regex(/^[\w-]{1,32}$/)).max(10).default([]), // prettier-ignore
  }),
});

/** `AuthenticationResponseJSON` of WebAuthn. Other members are dropped. */
const assertion = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: clientDataJson,
    authenticatorData: base64url(4_096),
    signature: base64url(1_024),
    userHandle: base64url(64).or(z.literal('')).nullish(),
  }),
});

export type PasskeyRegistration = z.output<typeof registration>;
export type PasskeyAssertion = z.output<typeof assertion>;

/** Requires the JSON of a new passkey: `PublicKeyCredential.toJSON()` after `create`. */
export const IsPasskeyRegistration = () => IsResponse(registration);

/** Requires the JSON of a used passkey: `PublicKeyCredential.toJSON()` after `get`. */
export const IsPasskeyAssertion = () => IsResponse(assertion);

function IsResponse(schema: z.ZodType): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: TransformFnParams): unknown => schema.safeParse(value).data ?? value),
    ValidateBy(
      { name: 'passkey', validator: { validate: (value) => schema.safeParse(value).success } },
      { message: 'must be the JSON of a PublicKeyCredential, as its method toJSON() returns it' },
    ),
  );
}
