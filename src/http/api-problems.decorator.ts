import { applyDecorators } from '@nestjs/common';
import { ApiResponse, getSchemaPath, ApiExtraModels } from '@nestjs/swagger';
import type { DomainError } from '../common/domain.error.js';
import { ProblemDto, toProblem } from './problem.js';

/** Marks operations whose errors are not problem documents. `buildOpenApi` reads and removes it. */
export const OWN_ERRORS_EXTENSION = 'x-own-errors';

/** An example in the API document: an error, or an error class whose instance without arguments is the example. */
export type DocumentedError = DomainError | (new () => DomainError);

/**
 * Documents the errors of a route. Statuses, codes and examples come from the error classes, so that the document
 * always agrees with `ProblemFilter`.
 */
export function ApiProblems(...errors: readonly DocumentedError[]): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...Object.entries(problemResponses(errors)).map(([status, response]) =>
      ApiResponse({ status: Number(status), ...response }),
    ),
  );
}

/** Returns the OpenAPI responses for these errors, by status. */
export function problemResponses(errors: readonly DocumentedError[]) {
  const all = errors.map((error) => (typeof error === 'function' ? new error() : error));
  const statuses = [...new Set(all.map((error) => error.getStatus()))];
  return Object.fromEntries(
    statuses.map((status) => [status, problemResponse(all.filter((error) => error.getStatus() === status))]),
  );
}

function problemResponse(errors: readonly DomainError[]) {
  const schema = { $ref: getSchemaPath(ProblemDto) };
  const examples = Object.fromEntries(
    errors.map((error) => [error.code, { value: toProblem(error, '/path', '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60') }]),
  );
  return {
    description: errors.map((error) => `\`${error.code}\`: ${error.message}`).join('\n\n'),
    content: { 'application/problem+json': { schema, examples } },
  };
}
