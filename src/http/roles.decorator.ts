import { applyDecorators, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import type { Role } from '../common/role.js';

const ROLES = 'gatehouse:roles';

/** How the OpenAPI document names the roles of a route. */
export const ROLES_EXTENSION = 'x-roles';

/** Says which roles may call a route, or every route of a controller. */
export function Roles(...roles: readonly Role[]): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(ROLES, roles), ApiExtension(ROLES_EXTENSION, roles));
}

/** The roles that a request's route asks for: its handler's, or else its controller's; undefined if any will do. */
export function rolesOf(reflector: Reflector, context: ExecutionContext): readonly Role[] | undefined {
  return reflector.getAllAndOverride<readonly Role[] | undefined>(ROLES, [context.getHandler(), context.getClass()]);
}
