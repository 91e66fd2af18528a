import { applyDecorators } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { declareScopes } from '../common/scope.js';
import { parseDuration } from '../config/duration.js';
import { RouteExtension } from './route-extension.decorator.js';

/** Marks the operations in the OpenAPI document that need a recent authentication. */
export const STEP_UP_EXTENSION = 'x-step-up';
/** The scopes of an operation in the OpenAPI document. */
const SCOPES_EXTENSION = 'x-scopes';
/** Marks operations that no API key may call. `buildOpenApi` reads and removes it. */
export const SIGN_IN_ONLY_EXTENSION = 'x-sign-in-only';
/** Marks operations that users may call before they enroll. `buildOpenApi` reads and removes it. */
export const OPEN_TO_UNENROLLED_EXTENSION = 'x-open-to-unenrolled';

export interface StepUpOptions {
  /** How long ago the user may have authenticated, such as `10m`. */
  readonly maxAge: string;
  /** How many factors the user must have used. By default two if the account has a second factor, otherwise one. */
  readonly factors?: 1 | 2;
}

export interface StepUpRule {
  readonly maxAgeSeconds: number;
  readonly factors: 1 | 2 | undefined;
}

/** The metadata that `RouteAccessCache` reads. */
export const STEP_UP = Reflector.createDecorator<StepUpRule | undefined>();
export const SCOPES = Reflector.createDecorator<readonly string[] | undefined>();
export const SIGN_IN_ONLY = Reflector.createDecorator<boolean | undefined>();
export const OPEN_TO_UNENROLLED = Reflector.createDecorator<boolean | undefined>();

/**
 * Requires that the user has authenticated recently, at sign-in or with `POST /auth/step-up` (RFC 9470). Rejects API keys.
 *
 * @throws Error if the duration is invalid
 */
export function StepUp({ maxAge, factors }: StepUpOptions): MethodDecorator & ClassDecorator {
  const milliseconds = parseDuration(maxAge);
  if (milliseconds === null) throw new Error(`@StepUp: ${maxAge} is not a duration such as 10m.`);
  const rule: StepUpRule = { maxAgeSeconds: milliseconds / 1_000, factors };
  return applyDecorators(
    STEP_UP(rule),
    RouteExtension(STEP_UP_EXTENSION, { maxAge: rule.maxAgeSeconds, ...(factors && { factors }) }),
  );
}

/**
 * Lets API keys with one of these scopes call a route, such as `orders:read`. A key without scopes, and a user who is
 * signed in, need none. On a route, replaces the scopes of its controller.
 *
 * @throws Error if a name is malformed
 */
export function Scopes(...scopes: readonly [string, ...string[]]): MethodDecorator & ClassDecorator {
  declareScopes(scopes);
  return applyDecorators(SCOPES(scopes), RouteExtension(SCOPES_EXTENSION, scopes));
}

/** Rejects API keys. `false` allows them on a route of such a controller. */
export function SignInOnly(isRequired = true): MethodDecorator & ClassDecorator {
  return applyDecorators(SIGN_IN_ONLY(isRequired), RouteExtension(SIGN_IN_ONLY_EXTENSION, isRequired));
}

/** Admits users who must still enroll a second factor (`SECOND_FACTOR_REQUIRED`). */
export function OpenToUnenrolled(): MethodDecorator & ClassDecorator {
  return applyDecorators(OPEN_TO_UNENROLLED(true), RouteExtension(OPEN_TO_UNENROLLED_EXTENSION, true));
}
