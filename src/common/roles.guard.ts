import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { GuardedRequest } from './auth-context.js';
import { DomainError } from './domain.error.js';
import { rolesOf } from './roles.decorator.js';

/** The principal is known and may not do this. */
export class ForbiddenError extends DomainError {
  readonly code = 'forbidden';
  readonly kind = 'forbidden';

  constructor() {
    super('Your role does not allow this.');
  }
}

/** Third of the global guards: lets a request through if its route asks for no role, or for the principal's. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const roles = rolesOf(this.reflector, context);
    if (!roles) return true;
    const { auth } = context.switchToHttp().getRequest<GuardedRequest>();
    if (!auth || !roles.includes(auth.role)) throw new ForbiddenError();
    return true;
  }
}
