/**
 * Returns the URL of a route, or undefined if the API document does not contain it. The document determines the server
 * and the path prefix.
 */
export function urlOf({ oas3Selectors, specSelectors }, path) {
  const paths = specSelectors.specJson().get('paths')?.keySeq().toArray() ?? [];
  const found = paths.find((documented) => documented.endsWith(path));
  if (found === undefined) return undefined;
  return serverUrl({ oas3Selectors, specSelectors }).replace(/\/$/, '') + found;
}

/** Resolves the token URL of a security scheme, which is relative to the server (OpenAPI 3.1 §4.6). */
export function tokenUrlOf(system, scheme) {
  const url = scheme.get('tokenUrl') ?? scheme.getIn(['flows', 'password', 'tokenUrl']);
  return new URL(url, serverUrl(system)).href;
}

function serverUrl({ oas3Selectors, specSelectors }) {
  const first = specSelectors.servers()?.first()?.get('url');
  return new URL(oas3Selectors.selectedServer() || first || '/', specSelectors.url()).href;
}
