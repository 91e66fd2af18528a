import { generateSync } from 'otplib';
import type { BuiltUser, SignedIn } from './builders.js';
import type { TestApp } from './test-app.js';

export interface EnrolledTotp {
  readonly id: string;
  readonly secret: string;
  /** Only of the first factor. */
  readonly recoveryCodes: readonly string[];
}

/** Returns the code of an authenticator app, now or some steps of 30 seconds later. */
export function codeOf(secret: string, steps = 0): string {
  return generateSync({ secret, epoch: Math.floor(Date.now() / 1_000) + steps * 30 });
}

/** Returns a code that no step near the current one has. */
export function wrongCode(secret: string): string {
  const right = [-2, -1, 0, 1, 2].map((steps) => codeOf(secret, steps));
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !right.includes(code)) ?? '';
}

/** Adds an authenticator app by HTTP. Its current code still works afterwards. */
export async function enrollTotp(app: TestApp, person: SignedIn): Promise<EnrolledTotp> {
  const { body } = await app.as(person.accessToken).post('/auth/factors/totp').expect(201);
  const { id, secret } = body as EnrolledTotp;
  const confirmed = await app
    .as(person.accessToken)
    .post(`/auth/factors/totp/${id}/confirm`)
    .send({ code: codeOf(secret) })
    .expect(200);
  await forgetCodes(app, person);
  return { id, secret, recoveryCodes: (confirmed.body.recoveryCodes as string[] | undefined) ?? [] };
}

/** Lets the codes of a user work again, because the next one comes only after 30 seconds. */
export async function forgetCodes({ database }: TestApp, { id }: BuiltUser): Promise<void> {
  await database.query('UPDATE factors SET last_step = NULL WHERE user_id = $1', [id]);
}

/** Sends a correct password, and returns the challenge for the second factor. */
export async function challengeFor(app: TestApp, { email, password }: BuiltUser, userAgent = ''): Promise<string> {
  const { body } = await app.request
    .post('/auth/login')
    .set('User-Agent', userAgent)
    .send({ email, password })
    .expect(401);
  return body.challenge as string;
}
