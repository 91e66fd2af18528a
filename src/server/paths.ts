import type { INestApplication } from '@nestjs/common';
import type { Config } from '../config/env.js';

/** Load balancers and verifiers of tokens expect these paths at the root (RFC 8615). */
const ROOT_PATHS = ['health/*path', '.well-known/*path'];

/**
 * Sets what the paths of all controllers start with. Call `setGlobalPrefix` and `enableVersioning` here, so that exported API
 * documents have the same paths.
 */
export function setUpPaths(app: INestApplication, { http }: Config): void {
  if (http.apiPrefix !== '') app.setGlobalPrefix(http.apiPrefix, { exclude: ROOT_PATHS });
}
