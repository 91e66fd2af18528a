import type { Application } from 'express';

interface RouterLayer {
  readonly route?: { readonly path: string | readonly string[]; readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/**
 * Returns the methods that a path supports, in upper case and sorted. Empty if no route has the path. Express does not
 * distinguish an unknown path (404) from an unsupported method (405).
 */
export function methodsOf(app: Pick<Application, 'router'>, path: string): string[] {
  const layers = app.router.stack as unknown as readonly RouterLayer[];
  const methods = new Set<string>();
  for (const layer of layers) {
    if (!layer.route || !matches(layer, path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

/** Returns the path of a controller's route with what precedes it: the global prefix and the version. */
export function pathOf(app: Pick<Application, 'router'>, path: string): string {
  const layers = app.router.stack as unknown as readonly RouterLayer[];
  const paths = layers.flatMap(({ route }) => route?.path ?? []).filter((full) => full.endsWith(path));
  // A longer one belongs to another controller.
  return paths.sort((a, b) => a.length - b.length)[0] ?? path;
}

/** Treats a path with invalid percent-encoding as no match. Express throws. */
function matches(layer: RouterLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
