import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import passport, { type Strategy } from 'passport';
import { DomainError } from '../common/domain.error.js';
import { handshakeOf, type GuardedRequest } from '../http/guarded-request.js';
import { UnsupportedTransportError } from '../http/http.errors.js';
import { LastSeenRecorder } from '../sessions/last-seen.recorder.js';
import { setSession } from '../sessions/session.guard.js';
import { SessionLookup } from '../sessions/session.lookup.js';
import type { User } from '../users/user.entity.js';
import { JwtStrategy } from './jwt.strategy.js';

const NAME = 'jwt';

/** A method of passport that its types omit. */
const registry = passport as unknown as { _strategy(name: string): unknown };

/**
 * The strategy of each Express application. All applications in a process share passport's registry, but may use
 * different keys.
 */
const strategies = new WeakMap<object, PassportUserStrategy>();

/** Selects the strategy of the application that received the request. */
const dispatcher: Strategy = {
  authenticate(source): void {
    authenticate(source as GuardedRequest).then(
      (user) => this.success(user),
      (error: unknown) => {
        // After a failure, passport tries the next strategy of the guard.
        if (error instanceof DomainError && error.kind === 'unauthenticated') this.fail(error, 401);
        else this.error(error);
      },
    );
  },
};

/**
 * Provides the user of the access token to `AuthGuard('jwt')` of `@nestjs/passport`, even on a `@Public()` route. Checks
 * the token, its session and the rules of the route like the global guards. Rejects API keys in messages of a public
 * gateway.
 */
@Injectable()
export class PassportUserStrategy implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly jwt: JwtStrategy,
    private readonly lookup: SessionLookup,
    private readonly lastSeen: LastSeenRecorder,
  ) {}

  /** Registers the strategy in passport. @throws Error if a module has registered another one with this name */
  onModuleInit(): void {
    const existing = registry._strategy(NAME);
    passport.use(NAME, dispatcher);
    if (existing && existing !== dispatcher) {
      throw new Error(
        `AuthGuard('${NAME}') checks the access tokens and sessions of Gatehouse. Remove the other strategy with this ` +
          "name, or rename it: PassportStrategy(Strategy, 'partner-jwt').",
      );
    }
    // The adapter is missing in applications without HTTP.
    const { httpAdapter } = this.host as Partial<HttpAdapterHost>;
    const express: unknown = httpAdapter?.getInstance();
    if (typeof express === 'function') strategies.set(express, this);
  }

  /**
   * Returns the current user, and sets the user and principal of the request.
   *
   * @param isHandshake whether the request is the handshake of a WebSocket, which also serves other messages
   */
  async authenticate(request: GuardedRequest, isHandshake: boolean): Promise<User> {
    const claims = request.claims ?? this.jwt.findVerified(request) ?? (await this.jwt.verify(request));
    const session = await this.lookup.check(claims);
    request.assertAccess?.(session);
    this.lastSeen.markUse(session, claims);
    setSession(request, claims, session);
    // Makes `SessionGuard` check the session again after an upload to a public route.
    if (!isHandshake) request.claims = claims;
    return session.user;
  }
}

/** Calls the strategy of the application. @param source a request, or the client of a WebSocket */
async function authenticate(source: GuardedRequest): Promise<User> {
  const isRequest = strategies.has(source.app);
  const request = isRequest ? source : handshakeOf(source);
  const strategy = request && strategies.get(request.app);
  if (!strategy) throw new UnsupportedTransportError();
  return strategy.authenticate(request, !isRequest);
}
