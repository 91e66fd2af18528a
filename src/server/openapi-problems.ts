import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { problemResponses, type DocumentedError } from '../http/api-problems.decorator.js';
import { MethodNotAllowedError, NotFoundError } from '../http/http.errors.js';
import { ProblemDto } from '../http/problem.js';
import { REVOCATION_REASONS } from '../sessions/revocation.js';
import { isReference } from './openapi-headers.js';

const PROBLEM = 'application/problem+json';
const CODES = 'ProblemCode';
const REASONS = 'RevocationReason';
const PROBLEM_SCHEMA = { $ref: getSchemaPath(ProblemDto) };

type Responses = NonNullable<OpenAPIObject['paths'][string]['get']>['responses'];
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

interface MediaType {
  readonly schema?: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, object>>;
}

/**
 * Adds errors to the responses. Errors with the same status share one response, as several examples. Keeps what a decorator
 * of Swagger describes, such as `@ApiForbiddenResponse({ description })`.
 */
export function addProblems(responses: Responses, errors: readonly DocumentedError[]): void {
  for (const [status, added] of Object.entries(problemResponses(errors))) {
    const existing = responses[status];
    if (existing && isReference(existing)) continue;
    const media: MediaType = existing?.content?.[PROBLEM] ?? {};
    const { example, ...problem } = media;
    const examples = example === undefined ? problem.examples : { example: { value: example } };
    const merged = { ...added.content[PROBLEM], ...problem };
    responses[status] = {
      ...existing,
      description: [existing?.description, added.description].filter(Boolean).join('\n\n'),
      content: {
        ...existing?.content,
        [PROBLEM]: { ...merged, examples: { ...examples, ...added.content[PROBLEM].examples } },
      },
    };
  }
}

/** Limits `code` in each problem response to the codes of its examples. Returns the codes. */
export function narrowProblems(responses: Responses): string[] {
  return Object.values(responses).flatMap((response) => {
    const media = response && !isReference(response) ? response.content?.[PROBLEM] : undefined;
    const { schema, examples = {} }: MediaType = media ?? {};
    if (!media || !schema || !('$ref' in schema) || schema.$ref !== PROBLEM_SCHEMA.$ref) return [];
    const problems = Object.values(examples).map(
      (example) => ('value' in example ? example.value : {}) as Partial<ProblemDto>,
    );
    const codes = [...new Set(problems.flatMap(({ code }) => code ?? []))];
    const hasReason = problems.some(({ reason }) => reason !== undefined);
    const properties = {
      code: { type: 'string', enum: codes },
      ...(hasReason && { reason: { $ref: getSchemaPath(REASONS) } }),
    };
    media.schema = { allOf: [PROBLEM_SCHEMA, { type: 'object', properties, required: ['code'] }] };
    return codes;
  });
}

/** Declares the codes and reasons of all problems as enumerations. */
export function declareProblemCodes(schemas: Schemas, codes: readonly string[]): void {
  const general = [NotFoundError, MethodNotAllowedError].map((type) => new type().code);
  schemas[CODES] = {
    type: 'string',
    enum: [...new Set([...general, ...codes])].sort(),
    description: 'Identifies the problem. Later versions may add codes, so treat an unknown code by its status.',
  };
  schemas[REASONS] = { type: 'string', enum: [...REVOCATION_REASONS], description: 'Why a session was revoked.' };
}
