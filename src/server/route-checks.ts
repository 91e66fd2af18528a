import { Logger, RequestMethod, type NestInterceptor, type Type } from '@nestjs/common';
import {
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  METHOD_METADATA,
  ROUTE_ARGS_METADATA,
  SELF_DECLARED_DEPS_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { MetadataScanner, ModulesContainer, Reflector, type ApplicationConfig } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { MULTER_MODULE_OPTIONS } from '@nestjs/platform-express/multer/files.constants.js';
import { BODY_READER, readJson, readUndeclared } from '../http/body/body-parsers.js';
import { takesUser } from '../http/optional-user.js';
import { isPublic } from '../http/public.decorator.js';

/** An argument of `@UseInterceptors()`. */
type Interceptor = Type<NestInterceptor> | NestInterceptor;

interface Route {
  readonly name: string;
  readonly handler: object;
  readonly method: RequestMethod;
  readonly interceptors: readonly Interceptor[];
  /** Whether the handler has a parameter with the body or the whole request. */
  readonly readsBody: boolean;
  /** Whether the response may depend on the user. */
  readonly isGuarded: boolean;
}

/** The methods whose requests have no body. */
const BODILESS: readonly RequestMethod[] = [RequestMethod.GET, RequestMethod.HEAD, RequestMethod.OPTIONS];

/** The parameters from which a handler can read the body: `@Body()`, `@RawBody()` and `@Req()`. */
const BODY_PARAMETERS: readonly number[] = [RouteParamtypes.BODY, RouteParamtypes.RAW_BODY, RouteParamtypes.REQUEST];

const TRACK_BY = `
  @Injectable()
  export class UserCacheInterceptor extends CacheInterceptor {
    override async trackBy(context: ExecutionContext) {
      const key = await super.trackBy(context);
      const { user } = context.switchToHttp().getRequest<{ user?: { id: string } }>();
      return key && \`\${user?.id ?? 'public'} \${key}\`;
    }
  }`;

/**
 * Finds interceptors that Nest accepts but that cannot work on their routes. Logs a warning for file interceptors
 * without `@Multipart()`.
 *
 * @throws Error if a cache would share responses between users
 */
export function checkRoutes(app: NestExpressApplication): void {
  const { config } = app as unknown as { config: ApplicationConfig };
  const requestScoped = config.getGlobalRequestInterceptors().map(({ metatype }) => metatype as Type<NestInterceptor>);
  if ([...config.getGlobalInterceptors(), ...requestScoped].some(isSharedCache)) throw cacheError('all routes');
  const logger = new Logger('Routes');
  for (const route of findRoutes(app)) {
    if (route.isGuarded && route.interceptors.some(isSharedCache)) throw cacheError(route.name);
    if (!takesFiles(route) || Reflect.hasMetadata(BODY_READER, route.handler)) continue;
    logger.warn(
      `${route.name} rejects every upload with 415, because it has a file interceptor without @Multipart(). ` +
        'Add @Multipart() of src/http/body/body.decorators.ts.',
    );
  }
}

/** Makes routes without a body ignore one that is not JSON. Routes with a file interceptor still reject it. */
export function ignoreUndeclaredBodies(app: NestExpressApplication): void {
  for (const route of findRoutes(app)) {
    const { handler, readsBody, method } = route;
    if (Reflect.hasMetadata(BODY_READER, handler) || takesFiles(route)) continue;
    if (!readsBody) Reflect.defineMetadata(BODY_READER, readUndeclared, handler);
    else if (BODILESS.includes(method)) Reflect.defineMetadata(BODY_READER, readJson, handler);
  }
}

function* findRoutes(app: NestExpressApplication): Iterable<Route> {
  const scanner = new MetadataScanner();
  const reflector = app.get(Reflector);
  for (const { controllers } of app.get(ModulesContainer).values()) {
    for (const { metatype } of controllers.values()) {
      const type = metatype as Type;
      const prototype = type.prototype as Record<string, () => unknown>;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name];
        if (!handler || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
        const all = (key: string) =>
          [handler, type].flatMap((target) => (Reflect.getMetadata(key, target) ?? []) as unknown[]);
        yield {
          name: `${type.name}.${name}`,
          handler,
          method: Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod,
          interceptors: all(INTERCEPTORS_METADATA) as Interceptor[],
          readsBody: parametersOf(type, name).some((kind) => BODY_PARAMETERS.includes(kind)),
          // A guard on a public route, such as `AuthGuard('jwt')`, may authenticate the user.
          isGuarded:
            takesUser(handler) ||
            all(GUARDS_METADATA).length > 0 ||
            !isPublic(reflector, new ExecutionContextHost([], type, handler)),
        };
      }
    }
  }
}

/** Returns the kinds of the parameters of a handler, without those of custom decorators. */
function parametersOf(type: Type, name: string): number[] {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, type, name) ?? {}) as object;
  return Object.keys(parameters).map((key) => Number(key.split(':', 1)[0]));
}

/**
 * Returns whether it is Nest's `CacheInterceptor` with its default key. Compares names, because it is not a dependency.
 */
function isSharedCache(interceptor: Interceptor): boolean {
  const own = prototypeOf(interceptor);
  let base: object | undefined;
  for (let type: object | null = own; type; type = Object.getPrototypeOf(type) as object | null) {
    if (type.constructor.name === 'CacheInterceptor' && Object.hasOwn(type, 'trackBy')) base = type;
  }
  return base !== undefined && Reflect.get(base, 'trackBy') === Reflect.get(own, 'trackBy');
}

/**
 * Returns whether a route has a file interceptor of Nest. Checks its dependencies, because these classes have no names.
 */
function takesFiles({ interceptors, method }: Route): boolean {
  if (BODILESS.includes(method)) return false;
  return interceptors.some((interceptor) => {
    const injected = (Reflect.getMetadata(SELF_DECLARED_DEPS_METADATA, prototypeOf(interceptor).constructor) ?? []) as {
      param?: unknown;
    }[];
    return injected.some(({ param }) => param === MULTER_MODULE_OPTIONS);
  });
}

function prototypeOf(interceptor: Interceptor): object {
  return typeof interceptor === 'function' ? (interceptor.prototype as object) : interceptor;
}

function cacheError(where: string): Error {
  return new Error(
    `CacheInterceptor on ${where} would share responses between users, because its default key is the URL. ` +
      `Use a subclass whose key includes the user:\n${TRACK_BY}`,
  );
}
