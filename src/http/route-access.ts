import type { ExecutionContext } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import type { Reflector } from '@nestjs/core';
import { keysAllowed, requiredScopes, stepUpRuleOf, isOpenToUnenrolled, type StepUpRule } from './access.decorators.js';
import { accessRuleOf, type AccessRule } from './roles.decorator.js';

/** What a route requires of its caller, in addition to a valid session. */
export interface RouteAccess {
  readonly rule: AccessRule | undefined;
  /** Whether only admins may call it, so that its writes need `ADMIN_STEP_UP`. */
  readonly isForAdmins: boolean;
  readonly stepUp: StepUpRule | undefined;
  /** The scopes of API keys that may call it. A key with scopes may call no other route. */
  readonly scopes: readonly string[];
  readonly allowsKeys: boolean;
  /** Whether users may call it before they enroll a second factor that they must have. */
  readonly isOpenToUnenrolled: boolean;
  /** Whether a guard of the route itself, such as `AuthGuard('jwt')`, can find the user of a public route. */
  readonly isAuthenticatedLater: boolean;
}

/** Reads the decorators of each route once. */
export class RouteAccessCache {
  private readonly byClass = new WeakMap<object, WeakMap<object, RouteAccess>>();

  constructor(private readonly reflector: Reflector) {}

  of(context: ExecutionContext): RouteAccess {
    const type = context.getClass();
    let byHandler = this.byClass.get(type);
    if (!byHandler) this.byClass.set(type, (byHandler = new WeakMap()));
    const handler = context.getHandler();
    let access = byHandler.get(handler);
    if (!access) byHandler.set(handler, (access = this.read(context)));
    return access;
  }

  private read(context: ExecutionContext): RouteAccess {
    const rule = accessRuleOf(this.reflector, context);
    const stepUp = stepUpRuleOf(this.reflector, context);
    const guards = this.reflector.getAllAndMerge<unknown[]>(GUARDS_METADATA, [
      context.getHandler(),
      context.getClass(),
    ]);
    return {
      rule,
      isForAdmins: rule?.roles?.every((role) => role === 'admin') ?? false,
      stepUp,
      scopes: requiredScopes(this.reflector, context),
      allowsKeys: !stepUp && keysAllowed(this.reflector, context),
      isOpenToUnenrolled: isOpenToUnenrolled(this.reflector, context),
      // The messages of a public gateway share a request, so that their step-up could not be checked later.
      isAuthenticatedLater: context.getType() === 'http' && guards.length > 0,
    };
  }
}
