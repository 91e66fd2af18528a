import type { INestApplication } from '@nestjs/common';
import type { Config } from '../config/env.js';

/** Load balancers and token verifiers expect these paths at the root (RFC 8615). */
const ROOT_PATHS = ['health/*path', '.well-known/*path'];

/**
 * Sets the prefix of all controllers. Call `setGlobalPrefix` and `enableVersioning` here, so that the exported API
 * document has the same paths.
 */
export function setUpPaths(app: INestApplication, { http }: Config): void {
  if (http.apiPrefix !== '') app.setGlobalPrefix(http.apiPrefix, { exclude: ROOT_PATHS });
}
