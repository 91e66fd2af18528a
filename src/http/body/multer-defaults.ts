import type { MulterModuleOptions } from '@nestjs/platform-express';
import { MAX_BODY_BYTES } from '../http.errors.js';

/**
 * The defaults of all file interceptors. An interceptor or a `MulterModule` in a module can replace them.
 * `@Multipart()` limits the size of the whole body.
 */
export const MULTER_DEFAULTS: MulterModuleOptions = {
  limits: { files: 10, fields: 100, fieldSize: MAX_BODY_BYTES, headerPairs: 100 },
  // Browsers send file names in UTF-8. Multer expects Latin-1.
  defParamCharset: 'utf8',
};
