import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { factorsSince, type AuthenticationsRead } from '../common/authentication.js';
import { ForbiddenError } from '../common/domain.error.js';
import type { KeyLimits, RequestSession } from '../common/principal.js';
import { mustEnroll } from '../common/role.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import {
  InsufficientAuthenticationError,
  InsufficientScopeError,
  SecondFactorEnrollmentRequiredError,
  SignInRequiredError,
} from './access.errors.js';
import type { StepUpRule } from './access.decorators.js';
import { findRequest, type GuardedRequest } from './guarded-request.js';
import { UnsupportedTransportError } from './http.errors.js';
import { isAllowed } from './roles.decorator.js';
import { RouteAccessCache, type RouteAccess } from './route-access.js';

/** What an admin needs to change their own account through the routes for other accounts. */
const OWN_ACCOUNT: StepUpRule = { maxAgeSeconds: 600, factors: undefined };

/** Rejects API keys, and users who must still enroll a second factor. */
const STRICTEST: RouteAccess = {
  rule: undefined,
  isForAdmins: false,
  stepUp: undefined,
  scopes: [],
  allowsKeys: false,
  isOpenToUnenrolled: false,
  isAuthenticatedLater: true,
};

/**
 * The third global guard. Checks what the route requires of a valid session. This can be a role, a permission, a scope of
 * an API key, an enrolled second factor or a recent authentication. Runs no query, because `SessionGuard` has read the
 * rows.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly routes: RouteAccessCache;
  private readonly adminStepUp: StepUpRule | undefined;

  constructor(
    reflector: Reflector,
    @InjectConfig() private readonly config: Config,
  ) {
    this.routes = new RouteAccessCache(reflector);
    const { adminStepUp } = config.factors;
    if (adminStepUp > 0) this.adminStepUp = { maxAgeSeconds: adminStepUp / 1_000, factors: undefined };
  }

  canActivate(context: ExecutionContext): boolean {
    const access = this.routes.of(context);
    const request = findRequest(context);
    const { principal, session } = request ?? {};
    if (!request || !principal || !session) {
      if (access.rule) throw request ? new ForbiddenError() : new UnsupportedTransportError();
      if (access.stepUp && !access.isAuthenticatedLater)
        throw new InsufficientAuthenticationError(access.stepUp.maxAgeSeconds, access.stepUp.factors);
      // Messages share the request of their handshake, so the strictest rule applies to them.
      const later = context.getType() === 'http' ? access : STRICTEST;
      if (request) request.assertAccess = (found) => this.assertAllowed(later, found, request);
      return true;
    }
    this.assertAllowed(access, session, request);
    // `StreamGuard` closes streams whose user no longer meets the rule. A message must not change the rule of its
    // stream.
    if (access.rule && context.getType() === 'http') request.accessRule = access.rule;
    return true;
  }

  private assertAllowed(access: RouteAccess, session: RequestSession, request: GuardedRequest): void {
    if (access.rule && !isAllowed(session.user.role, access.rule)) throw new ForbiddenError();
    if (session.key) assertKeyAllowed(session.key, access);
    if (!access.isOpenToUnenrolled) this.assertEnrolled(session);
    if (access.stepUp) assertRecent(session, access.stepUp);
    const adminRule = access.isForAdmins ? this.adminRule(session, request) : undefined;
    if (adminRule) assertRecent(session, adminRule);
  }

  /**
   * Returns the step-up of a write. An admin always needs one for their own account. Otherwise a stolen session could
   * change its email and second factors.
   */
  private adminRule({ user }: RequestSession, { method, params }: GuardedRequest): StepUpRule | undefined {
    if (!isWrite(method)) return undefined;
    const { adminStepUp } = this;
    const isOwnAccount = String(params['id']).toLowerCase() === user.id;
    if (!isOwnAccount || (adminStepUp && adminStepUp.maxAgeSeconds < OWN_ACCOUNT.maxAgeSeconds)) return adminStepUp;
    return OWN_ACCOUNT;
  }

  private assertEnrolled({ user }: RequestSession): void {
    if (mustEnroll(this.config.factors.required, user)) throw new SecondFactorEnrollmentRequiredError();
  }
}

function assertKeyAllowed({ scopes }: KeyLimits, { allowsKeys, scopes: allowed }: RouteAccess): void {
  if (!allowsKeys) throw new SignInRequiredError();
  if (scopes && !allowed.some((scope) => scopes.includes(scope))) throw new InsufficientScopeError(allowed);
}

function assertRecent(session: RequestSession, { maxAgeSeconds, factors }: StepUpRule): void {
  const { hasSecondFactor } = session.user;
  const needed = factors ?? (hasSecondFactor ? 2 : 1);
  if (session.key) throw new SignInRequiredError();
  const [readAt, authentications] = JSON.parse(session.authentications) as AuthenticationsRead;
  if (factorsSince(authentications, readAt - maxAgeSeconds) >= needed) return;
  throw new InsufficientAuthenticationError(maxAgeSeconds, needed, hasSecondFactor);
}

function isWrite(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}
