import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { GuardedRequest } from './auth.decorator.js';
import { ForbiddenError } from '../common/domain.error.js';
import { rolesOf } from './roles.decorator.js';

/** Third of the global guards: lets a request through if its route asks for no role, or for the principal's. */
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
