import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ForbiddenError } from '../common/domain.error.js';
import type { GuardedRequest } from './current-principal.decorator.js';
import { rolesOf } from './roles.decorator.js';

/** The third global guard. Rejects principals whose role `@Roles()` does not name. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const roles = rolesOf(this.reflector, context);
    if (!roles) return true;
    const { principal } = context.switchToHttp().getRequest<GuardedRequest>();
    if (!principal || !roles.includes(principal.role)) throw new ForbiddenError();
    return true;
  }
}
