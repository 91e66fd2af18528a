import type { MulterModuleOptions } from '@nestjs/platform-express';

/**
 * The defaults of all file interceptors. `@Multipart()` limits the size of the whole body. An interceptor or a
 * `MulterModule` of a team can set other limits, for example for each file.
 */
export const MULTER_DEFAULTS: MulterModuleOptions = {
  limits: { files: 10, fields: 100, fieldSize: 102_400, headerPairs: 100 },
  // Browsers send file names in UTF-8. Multer expects Latin-1.
  defParamCharset: 'utf8',
};
