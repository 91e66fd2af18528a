import type { Application } from 'express';

interface RouterLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/**
 * The methods that the application has for a path, in upper case and sorted; none if no route has that path.
 * Express's router only knows a miss; whether the path or the method was wrong is what 404 and 405 tell apart.
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

/** A path whose percent-encoding is broken matches no route; the router throws where it should say so. */
function matches(layer: RouterLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
