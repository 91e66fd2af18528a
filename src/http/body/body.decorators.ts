import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import { ApiConsumes, ApiExtension } from '@nestjs/swagger';
import { JSON_TYPE, MAX_BODY_BYTES } from '../http.errors.js';
import { BODY_READER, FORM_TYPE, formParser, rawParser, readLeniently, textParser } from './body-parsers.js';
import { LateBody } from './late-body.js';
import { MULTIPART_TYPE, MultipartGuard } from './multipart.guard.js';

/** Describes the body of an operation. `buildOpenApi` reads and removes it. */
export const BODY_EXTENSION = 'x-body';

const MAX_UPLOAD_BYTES = 10 * 1_048_576;

/** The description of a body for the API document. */
export interface BodyDescription {
  readonly types: readonly string[];
  readonly maxBytes: number;
  /** The schema, unless the handler takes the body as a DTO. */
  readonly schema: object;
  /** The schema of the file fields. */
  readonly files?: object;
}

export interface BodyOptions {
  /** The size limit of the whole body in bytes. The default is 100 kB. */
  readonly maxBytes?: number;
}

export interface MultipartOptions {
  /** The size limit of the whole body in bytes. The default is 10 MB. */
  readonly maxBytes?: number;
  /** The file fields and the number of files in each, for the API document: `{ avatar: 1, photos: 10 }`. */
  readonly files?: Readonly<Record<string, number>>;
}

/**
 * Makes a route take text of these media types instead of JSON. `@Body()` is a string, which is empty if there is no
 * body.
 *
 * The text is read before the guards, so unauthenticated clients can send it. Keep `maxBytes` small.
 */
export function TextBody(
  types: string | readonly string[] = 'text/plain',
  { maxBytes = MAX_BODY_BYTES }: BodyOptions = {},
): MethodDecorator {
  const all = [types].flat();
  return applyDecorators(
    SetMetadata(BODY_READER, textParser(all, maxBytes)),
    describeBody({ types: all, maxBytes, schema: { type: 'string' } }),
  );
}

/**
 * Makes a route keep the exact bytes of the body in `request.rawBody`, to verify a signature. `@Body()` is the parsed
 * body if it is JSON, and undefined otherwise.
 *
 * The body is read before the guards, so unauthenticated clients can send it. Keep `maxBytes` small.
 */
export function KeepRawBody(
  types: string | readonly string[] = JSON_TYPE,
  { maxBytes = MAX_BODY_BYTES }: BodyOptions = {},
): MethodDecorator {
  const all = [types].flat();
  return applyDecorators(
    SetMetadata(BODY_READER, rawParser(all, maxBytes)),
    describeBody({ types: all, maxBytes, schema: {} }),
  );
}

/**
 * Makes a route ignore bodies that are not JSON. A guard of the route must throw `request.bodyError`, or accept the
 * request without its body.
 */
export function LenientBody(): MethodDecorator {
  return SetMetadata(BODY_READER, readLeniently);
}

/**
 * Makes a route take a form (`application/x-www-form-urlencoded`) instead of JSON. `@Body()` contains strings.
 *
 * The form is read before the guards, so unauthenticated clients can send it. Keep `maxBytes` small.
 */
export function FormBody({ maxBytes = MAX_BODY_BYTES }: BodyOptions = {}): MethodDecorator {
  return applyDecorators(
    SetMetadata(BODY_READER, formParser(maxBytes)),
    describeBody({ types: [FORM_TYPE], maxBytes, schema: { type: 'object' } }),
  );
}

/**
 * Makes a route take `multipart/form-data` instead of JSON. Add one of Nest's interceptors to read it, such as
 * `@UseInterceptors(FileInterceptor('avatar'))`. If the request fails, the stored files are deleted.
 *
 * The body is read after the guards. When it is complete, the guards run again before the handler.
 */
export function Multipart({ maxBytes = MAX_UPLOAD_BYTES, files = {} }: MultipartOptions = {}): MethodDecorator {
  const file = { type: 'string', format: 'binary' };
  const properties = Object.fromEntries(
    Object.entries(files).map(([name, maxItems]) => [
      name,
      maxItems === 1 ? file : { type: 'array', items: file, maxItems },
    ]),
  );
  return applyDecorators(
    LateBody(maxBytes),
    UseGuards(new MultipartGuard(maxBytes)),
    describeBody({
      types: [MULTIPART_TYPE],
      maxBytes,
      schema: { type: 'object' },
      files: { type: 'object', properties },
    }),
  );
}

function describeBody(description: BodyDescription): MethodDecorator {
  return applyDecorators(ApiConsumes(...description.types), ApiExtension(BODY_EXTENSION, description));
}
