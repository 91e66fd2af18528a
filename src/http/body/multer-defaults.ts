import type { MulterModuleOptions } from '@nestjs/platform-express';

/**
 * The defaults of all file interceptors. An interceptor or a `MulterModule` in a module can replace them.
 * `@Multipart()` limits the size of the whole body.
 */
export const MULTER_DEFAULTS: MulterModuleOptions = {
  limits: { files: 10, fields: 100, fieldSize: 102_400, headerPairs: 100 },
  // Browsers send file names in UTF-8. Multer expects Latin-1.
  defParamCharset: 'utf8',
};
