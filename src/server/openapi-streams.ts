import type { INestApplication } from '@nestjs/common';
import { SSE_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { isReference } from './openapi-headers.js';

type Responses = NonNullable<OpenAPIObject['paths'][string]['get']>['responses'];

/** Returns a function that checks whether a handler has `@Sse()`, because Swagger does not read that decorator. */
export function streamFinder(app: INestApplication): (controller: string, method: string) => boolean {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  const handlers = new Map(controllers.map(({ metatype }) => [metatype?.name, metatype?.prototype as unknown]));
  return (controller, method) => {
    const handler = (handlers.get(controller) as Readonly<Record<string, object>> | undefined)?.[method];
    return handler !== undefined && Reflect.hasMetadata(SSE_METADATA, handler);
  };
}

/** Adds the type of an event stream, unless the handler has documented its response. */
export function describeStream(responses: Responses): void {
  const response = responses['200'];
  if (response && !isReference(response)) response.content ??= { 'text/event-stream': { schema: { type: 'string' } } };
}
