import type { Response } from 'supertest';
import type { Person, Request, World } from '../../bench/routes/calls.js';
import type { Role } from '../../src/common/role.js';
import type { TokenPurpose } from '../../src/auth/one-time-tokens/one-time-token.entity.js';
import { PASSWORD } from '../../bench/support/accounts.js';
import { REFRESH_COOKIE } from '../../src/http/cookies.js';
import { buildUser } from './builders.js';
import { issueToken } from './one-time-tokens.js';
import type { TestApp } from './test-app.js';

const USER_AGENT = 'Usual/1.0';

/** Sends a request to every route. Preparations use another instance, so that only the request itself is measured. */
export class RouteWorld implements World {
  /** @param direct another instance on the same database */
  constructor(
    private readonly direct: TestApp,
    private readonly app: TestApp,
  ) {}

  get origin(): string {
    return this.app.config.passkeys.origins[0] ?? '';
  }

  async signedIn(role: Role = 'user'): Promise<Person> {
    const { id, email } = await buildUser(this.direct, { role, password: PASSWORD });
    const json = { email, password: PASSWORD };
    const session = (await this.send({ method: 'post', path: '/auth/login', json })) as Omit<Person, 'id' | 'email'>;
    return { ...session, id, email };
  }

  token(purpose: TokenPurpose, person: Person, email?: string): Promise<string> {
    return issueToken(this.direct, purpose, person, email);
  }

  async send(request: Request): Promise<unknown> {
    return (await this.answer(request, this.direct)).body;
  }

  /** Sends a request and returns the full response. */
  async answer(
    { method, path, accessToken, cookie, json, form, userAgent }: Request,
    app = this.app,
  ): Promise<Response> {
    const request = app.request[method](path).set('User-Agent', userAgent ?? USER_AGENT);
    if (accessToken) void request.set('Authorization', `Bearer ${accessToken}`);
    if (cookie) void request.set({ Cookie: `${REFRESH_COOKIE}=${cookie}`, Origin: this.origin });
    if (json) void request.send(json);
    if (form) void request.type('form').send(form);
    return request;
  }
}
