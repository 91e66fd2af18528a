import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ForbiddenError } from '../common/domain.error.js';
import { hasPermission } from '../common/role.js';
import { requestOf } from './guarded-request.js';
import { accessRuleOf } from './roles.decorator.js';

/** The third global guard. Rejects principals whose role `@Roles()` does not name, or lacks what `@Requires()` names. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const rule = accessRuleOf(this.reflector, context);
    if (!rule) return true;
    const role = requestOf(context).principal?.role;
    const { roles, permissions } = rule;
    const isAllowed =
      role !== undefined &&
      (roles?.includes(role) ?? true) &&
      permissions.every((permission) => hasPermission(role, permission));
    if (!isAllowed) throw new ForbiddenError();
    return true;
  }
}
