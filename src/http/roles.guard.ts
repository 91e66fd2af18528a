import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ForbiddenError } from '../common/domain.error.js';
import { requestOf } from './guarded-request.js';
import { accessRuleOf, isAllowed } from './roles.decorator.js';

/**
 * The third global guard. Rejects principals whose role is not in `@Roles()` or lacks a permission of `@Requires()`.
 */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const rule = accessRuleOf(this.reflector, context);
    if (!rule) return true;
    const request = requestOf(context);
    if (!request.principal || !isAllowed(request.principal.role, rule)) throw new ForbiddenError();
    // `StreamGuard` closes streams whose user no longer meets the rule. A message must not change the rule of its
    // stream.
    if (context.getType() === 'http') request.accessRule = rule;
    return true;
  }
}
