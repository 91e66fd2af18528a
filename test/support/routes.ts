import type { TestApp } from './test-app.js';

export interface Route {
  readonly method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  /** In the notation of OpenAPI, for example `/admin/users/{id}`. */
  readonly path: string;
  /** For example `PATCH /admin/users/{id}`. */
  readonly name: string;
}

/** Gatehouse's own routes. Modules that a team adds have other paths. */
const OWN_PATH = /^\/(auth|users|sessions|admin\/(users|sessions|audit)|health|\.well-known)(\/|$)/;

/** Returns whether a route belongs to Gatehouse itself, so that a new module needs no entry in lists of routes. */
export function isOwnRoute({ path }: Pick<Route, 'path'>): boolean {
  return OWN_PATH.test(path);
}

interface Layer {
  readonly route?: { readonly path: string | string[]; readonly methods: Readonly<Record<string, boolean>> };
}

/** The explorer, its document, the account pages and the well-known URLs, which have no controllers. */
const DOCUMENT =
  /^GET \/(docs(\/.*)?|openapi\.(json|yaml)|account\/.*|\.well-known\/(change-password|security\.txt))?$/;

/** Returns the routes of all controllers of an instance, from its router. */
export function routesOf(app: TestApp): Route[] {
  const { stack } = app.app.getHttpAdapter().getInstance().router as unknown as { stack: Layer[] };
  const routes = stack.flatMap(({ route }) =>
    [route?.path ?? []].flat().flatMap((pattern) =>
      Object.keys(route?.methods ?? {}).map((method) => {
        const path = pattern.replaceAll(/:(\w+)/g, '{$1}');
        return { method: method as Route['method'], path, name: `${method.toUpperCase()} ${path}` };
      }),
    ),
  );
  return routes.filter(({ name }) => !DOCUMENT.test(name));
}
