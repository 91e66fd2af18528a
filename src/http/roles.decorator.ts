import { applyDecorators, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { RouteExtension } from './route-extension.decorator.js';
import { hasPermission, type Permission, type Role } from '../common/role.js';

const ROLES = 'gatehouse:roles';
const PERMISSIONS = 'gatehouse:permissions';
/** Both decorators set this, so that the guard reads one value on a route that has neither. */
const RESTRICTED = 'gatehouse:restricted';

/** The roles of an operation in the OpenAPI document. */
export const ROLES_EXTENSION = 'x-roles';

/** The permissions of an operation in the OpenAPI document. */
export const PERMISSIONS_EXTENSION = 'x-permissions';

/** The conditions for calling a route. A principal must meet both. */
export interface AccessRule {
  /** One of these roles. `undefined` allows any role. */
  readonly roles: readonly Role[] | undefined;
  /** All of these permissions. */
  readonly permissions: readonly Permission[];
}

/** Restricts a route or a controller to these roles. On a route, replaces the roles of its controller. */
export function Roles(...roles: readonly Role[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(RESTRICTED, true),
    SetMetadata(ROLES, roles),
    RouteExtension(ROLES_EXTENSION, roles),
  );
}

/**
 * Restricts a route or a controller to roles that have all of these permissions. `src/common/role.ts` lists them. On a
 * route, replaces the permissions of its controller. With `@Roles()`, both must allow the request.
 */
export function Requires(...permissions: readonly [Permission, ...Permission[]]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(RESTRICTED, true),
    SetMetadata(PERMISSIONS, permissions),
    RouteExtension(PERMISSIONS_EXTENSION, permissions),
  );
}

/** Returns the rule of a route, or `undefined` if every signed-in user may call it. */
export function accessRuleOf(reflector: Reflector, context: ExecutionContext): AccessRule | undefined {
  const targets = [context.getHandler(), context.getClass()];
  if (!reflector.getAllAndOverride<true | undefined>(RESTRICTED, targets)) return undefined;
  return {
    roles: reflector.getAllAndOverride<readonly Role[] | undefined>(ROLES, targets),
    permissions: reflector.getAllAndOverride<readonly Permission[] | undefined>(PERMISSIONS, targets) ?? [],
  };
}

/** Returns whether a role meets both conditions of a rule. */
export function isAllowed(role: Role, { roles, permissions }: AccessRule): boolean {
  return (roles?.includes(role) ?? true) && permissions.every((permission) => hasPermission(role, permission));
}
