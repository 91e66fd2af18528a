import type { TestApp } from './test-app.js';

export interface Route {
  readonly method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  /** In the notation of OpenAPI, for example `/admin/users/{id}`. */
  readonly path: string;
  /** For example `PATCH /admin/users/{id}`. */
  readonly name: string;
}

interface Layer {
  readonly route?: { readonly path: string | string[]; readonly methods: Readonly<Record<string, boolean>> };
}

/** The explorer, its document and the account pages, which have no controllers. */
const DOCUMENT = /^GET \/(docs(\/.*)?|openapi\.json|account\/.*)$/;

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
