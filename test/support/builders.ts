import type { PasswordPolicy } from '../../src/platform/passwords/password-policy.js';
import { UsersService, type NewUser } from '../../src/users/users.service.js';
import { ROLES, type Role } from '../../src/common/role.js';
import type { TestApp } from './test-app.js';

export interface BuiltUser {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

export interface SignedIn extends BuiltUser {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly sessionId: string;
}

const ACCEPT_ALL: Pick<PasswordPolicy, 'assertAcceptable'> = { assertAcceptable: () => Promise.resolve() };

let counter = 0;

/** Creates a user and returns them with their password. */
export async function buildUser(app: TestApp, user: Partial<NewUser> = {}): Promise<BuiltUser> {
  const email = user.email ?? `user-${++counter}@example.com`;
  const password = user.password ?? 'seven lanterns at dusk';
  // The check of the password would take most of the time, and each app would load the word lists for it.
  const users = Object.create(app.app.get(UsersService), { policy: { value: ACCEPT_ALL } }) as UsersService;
  const created = await users.createUser({ ...user, email, password }, null);
  return { id: created.id, email: created.email, password };
}

/** Signs a user in by HTTP, in a new session. */
export async function signIn(app: TestApp, user: BuiltUser, deviceName?: string): Promise<SignedIn> {
  const { email, password } = user;
  const { body } = await app.request.post('/auth/login').send({ email, password, deviceName }).expect(200);
  return { ...user, accessToken: body.accessToken, refreshToken: body.refreshToken, sessionId: body.sessionId };
}

/** Creates a user with this role and signs them in. */
export async function buildSignedIn(app: TestApp, role: Role = 'user'): Promise<SignedIn> {
  return signIn(app, await buildUser(app, { role }));
}

/** Creates a user with each role and signs them in. */
export async function buildEachRole(app: TestApp): Promise<Record<Role, SignedIn>> {
  const people = await Promise.all(ROLES.map(async (role) => [role, await buildSignedIn(app, role)] as const));
  return Object.fromEntries(people) as Record<Role, SignedIn>;
}

export interface BuiltKey {
  readonly id: string;
  readonly key: string;
}

/** Creates an API key of a user by HTTP. */
export async function buildKey(app: TestApp, { accessToken }: SignedIn, fields: object = {}): Promise<BuiltKey> {
  const { body } = await app
    .as(accessToken)
    .post('/auth/keys')
    .send({ name: 'Nightly export', ...fields })
    .expect(201);
  return { id: body.id, key: body.key };
}
