import type { ExecutionContext } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import type { Reflector } from '@nestjs/core';
import { OPEN_TO_UNENROLLED, SCOPES, SIGN_IN_ONLY, STEP_UP, type StepUpRule } from './access.decorators.js';
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
    const { reflector } = this;
    const targets = [context.getHandler(), context.getClass()];
    const rule = accessRuleOf(reflector, context);
    const stepUp = reflector.getAllAndOverride(STEP_UP, targets);
    const guards = reflector.getAllAndMerge<unknown[]>(GUARDS_METADATA, targets);
    return {
      rule,
      isForAdmins: rule?.roles?.every((role) => role === 'admin') ?? false,
      stepUp,
      scopes: reflector.getAllAndOverride(SCOPES, targets) ?? [],
      allowsKeys: !stepUp && !reflector.getAllAndOverride(SIGN_IN_ONLY, targets),
      isOpenToUnenrolled: reflector.getAllAndOverride(OPEN_TO_UNENROLLED, targets) ?? false,
      // The messages of a public gateway share a request, so that their step-up could not be checked later.
      isAuthenticatedLater: context.getType() === 'http' && guards.length > 0,
    };
  }
}
