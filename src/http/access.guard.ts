import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { factorsSince, type Authentications } from '../common/authentication.js';
import { ForbiddenError } from '../common/domain.error.js';
import type { Principal, RequestSession } from '../common/principal.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import {
  InsufficientAuthenticationError,
  InsufficientScopeError,
  SecondFactorEnrollmentRequiredError,
  SignInRequiredError,
} from './access.errors.js';
import type { StepUpRule } from './access.decorators.js';
import { findRequest } from './guarded-request.js';
import { isAllowed } from './roles.decorator.js';
import { RouteAccessCache, type RouteAccess } from './route-access.js';
import { requiresSecondFactor } from '../config/second-factor-policy.js';

/**
 * The third global guard. Checks what the route requires of a valid session: the role and permissions of the user, the
 * scopes of an API key, an enrolled second factor, and a recent authentication. Runs no query: `SessionGuard` has read
 * the rows.
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
      if (access.rule) throw new ForbiddenError();
      return true;
    }
    if (access.rule && !isAllowed(principal.role, access.rule)) throw new ForbiddenError();
    if (principal.kind === 'key') assertKeyAllowed(session, access);
    if (!access.isOpenToUnenrolled) this.assertEnrolled(principal, session);
    const stepUp = access.stepUp ?? (access.isForAdmins && isWrite(request.method) ? this.adminStepUp : undefined);
    if (stepUp) assertRecent(session, stepUp);
    // `StreamGuard` closes streams whose user no longer meets the rule. A message must not change the rule of its
    // stream.
    if (access.rule && context.getType() === 'http') request.accessRule = access.rule;
    return true;
  }

  private assertEnrolled({ role }: Principal, { user }: RequestSession): void {
    if (user.hasSecondFactor || !requiresSecondFactor(this.config.factors.required, role)) return;
    throw new SecondFactorEnrollmentRequiredError();
  }
}

function assertKeyAllowed({ scopes }: RequestSession, { allowsKeys, scopes: allowed }: RouteAccess): void {
  if (!allowsKeys) throw new SignInRequiredError();
  if (scopes && !allowed.some((scope) => scopes.includes(scope))) throw new InsufficientScopeError(allowed);
}

function assertRecent(session: RequestSession, { maxAgeSeconds, factors }: StepUpRule): void {
  const needed = factors ?? (session.user.hasSecondFactor ? 2 : 1);
  const authentications = JSON.parse(session.authentications) as Authentications;
  if (session.kind === 'key') throw new SignInRequiredError();
  if (factorsSince(authentications, session.readAt - maxAgeSeconds) >= needed) return;
  throw new InsufficientAuthenticationError(maxAgeSeconds, needed);
}

function isWrite(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}
