import { METHODS } from 'node:http';
import type { Application, Request } from 'express';

/** The key under which Nest stores the path of a controller method. */
const PATH_METADATA = 'path';

interface RouterLayer {
  readonly route?: {
    readonly path: string | readonly string[];
    /** In lower case. `_all` matches every method. */
    readonly methods: Readonly<Record<string, boolean>>;
    readonly stack: readonly { readonly handle: object }[];
  };
  match(path: string): boolean;
}

/**
 * Returns the methods that a path supports, in upper case and sorted. Empty if no route has the path. Express does not
 * distinguish an unknown path (404) from an unsupported method (405).
 */
export function methodsOf(app: Pick<Application, 'router'>, path: string): readonly string[] {
  const routes = layersOf(app).flatMap((layer) => (layer.route && matches(layer, path) ? layer.route : []));
  // `DELETE /admin/sessions/:id` does not serve `/admin/sessions/revoke`, because `revoke` is no ID.
  const exact = routes.filter((route) => [route.path].flat().includes(path));
  const serving = exact.length > 0 ? exact : routes;
  const methods = new Set(serving.flatMap((route) => Object.keys(route.methods).map((name) => name.toUpperCase())));
  if (methods.has('_ALL')) return METHODS;
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

/** Returns the full path of a controller's route, with the global prefix and the version. */
export function pathOf(app: Pick<Application, 'router'>, path: string): string {
  const paths = layersOf(app)
    .flatMap(({ route }) => route?.path ?? [])
    .filter((full) => full.endsWith(path));
  // A longer path belongs to another controller.
  return paths.sort((a, b) => a.length - b.length)[0] ?? path;
}

/**
 * Returns a function that finds the handler of a request if it is selected. Nest copies the metadata of a controller
 * method to its handler.
 */
export function routeFinder(isSelected: (handler: object) => boolean): (request: Request) => object | undefined {
  let routes: readonly RouterLayer[] | undefined;
  let selected: readonly RouterLayer[] = [];
  return (request) => {
    const { app, path, method } = request;
    if (!routes) {
      // Nest adds no routes after the first request. Middleware for a path has no metadata, so this skips it.
      routes = layersOf(app).filter((layer) => Reflect.hasMetadata(PATH_METADATA, handlerOf(layer)));
      selected = routes.filter((layer) => isSelected(handlerOf(layer)));
    }
    const handles = (layer: RouterLayer) => handlesMethod(layer, method) && matches(layer, path);
    const found = selected.find(handles);
    // If an earlier route also has this path, Express calls the earlier one.
    return found && routes.find(handles) === found ? handlerOf(found) : undefined;
  };
}

/** Returns the handler of a route that is selected and has this path, with any method. */
export function findHandler(
  app: Pick<Application, 'router'>,
  path: string,
  isSelected: (handler: object) => boolean,
): object | undefined {
  const layer = layersOf(app).find((each) => isSelected(handlerOf(each)) && matches(each, path));
  return layer && handlerOf(layer);
}

function layersOf(app: Pick<Application, 'router'>): readonly RouterLayer[] {
  return app.router.stack as unknown as readonly RouterLayer[];
}

function handlerOf({ route }: RouterLayer): object {
  return route?.stack[0]?.handle ?? {};
}

function handlesMethod({ route }: RouterLayer, method: string): boolean {
  return route !== undefined && (route.methods[method.toLowerCase()] ?? route.methods['_all'] ?? false);
}

/** Treats a path with invalid percent-encoding as no match. Express throws. */
function matches(layer: RouterLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
