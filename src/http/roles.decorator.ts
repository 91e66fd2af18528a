import { applyDecorators, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import type { Role } from '../common/role.js';

const ROLES = 'gatehouse:roles';

/** The roles of an operation in the OpenAPI document. */
export const ROLES_EXTENSION = 'x-roles';

/** Restricts a route or a controller to these roles. */
export function Roles(...roles: readonly Role[]): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ROLES, roles), ApiExtension(ROLES_EXTENSION, roles));
}

/** Returns the roles of the handler, or else of its controller. `undefined` means that any role may call it. */
export function rolesOf(reflector: Reflector, context: ExecutionContext): readonly Role[] | undefined {
  return reflector.getAllAndOverride<readonly Role[] | undefined>(ROLES, [context.getHandler(), context.getClass()]);
}
