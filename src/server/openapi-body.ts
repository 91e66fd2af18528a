import type { OpenAPIObject } from '@nestjs/swagger';
import type { DocumentedError } from '../http/api-problems.decorator.js';
import { JSON_TYPE, MAX_BODY_BYTES } from '../http/http.errors.js';
import { BODY_EXTENSION, type BodyDescription } from '../http/body/body.decorators.js';
import { FORM_TYPE } from '../http/body/body-parsers.js';
import { MULTIPART_TYPE } from '../http/body/multipart.guard.js';
import { MalformedBodyError, PayloadTooLargeError, UnsupportedMediaTypeError } from '../http/http.errors.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<string, unknown>;

/** Completes the request body of an operation whose body is not JSON. Returns the errors of its body. */
export function describeBody(operation: Operation): DocumentedError[] {
  const description = operation[BODY_EXTENSION] as BodyDescription | undefined;
  Reflect.deleteProperty(operation, BODY_EXTENSION);
  if (description) operation.requestBody = requestBodyOf(operation, description);
  if (!operation.requestBody) return [];
  const { types, maxBytes } = description ?? { types: [JSON_TYPE], maxBytes: MAX_BODY_BYTES };
  const errors = [new PayloadTooLargeError(maxBytes), new UnsupportedMediaTypeError(types)];
  const isDecoded = !types.includes(FORM_TYPE) && !types.includes(MULTIPART_TYPE);
  return isDecoded ? [new MalformedBodyError(types), ...errors] : errors;
}

/** Combines the schema of the DTO, if any, with the files of an upload. */
function requestBodyOf({ requestBody }: Operation, { types, schema, files }: BodyDescription) {
  const documented = requestBody && 'content' in requestBody ? requestBody : undefined;
  const media = Object.values(documented?.content ?? {})[0];
  const fields = media?.schema ?? schema;
  const combined = files ? { allOf: [fields, files] } : fields;
  return {
    required: true,
    ...documented,
    content: Object.fromEntries(types.map((type) => [type, { ...media, schema: combined }])),
  };
}
