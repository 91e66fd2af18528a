import {
  applyDecorators,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { ApiCreatedResponse } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { map, type Observable } from 'rxjs';
import { withoutQuery } from '../common/without-query.js';
import { pathOf } from './route-table.js';

/** The response of a route that creates a resource. */
interface Created {
  readonly id: string;
}

/**
 * Documents the 201 of a POST, and sets `Location` to the URL of the new resource (RFC 9110 §15.3.2). By default, it is the
 * path of the request followed by the `id` in the response.
 *
 * @param path the path of another route, such as `/users/me` or `/orders/:id`
 */
export function ApiCreated(type: Type<Created>, path?: string): MethodDecorator {
  const schema = { type: 'string', format: 'uri-reference' } as const;
  const Location = {
    description: 'The URL of the new resource.',
    required: true,
    schema,
    example: withId(path ?? './:id', '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60'),
  };
  return applyDecorators(
    ApiCreatedResponse({ type, headers: { Location } }),
    UseInterceptors(new LocationInterceptor(path)),
  );
}

class LocationInterceptor implements NestInterceptor {
  constructor(private readonly path: string | undefined) {}

  intercept(context: ExecutionContext, next: CallHandler<Created>): Observable<Created> {
    const http = context.switchToHttp();
    const { app, originalUrl } = http.getRequest<Request>();
    const locationOf = ({ id }: Created) =>
      this.path === undefined ? `${withoutQuery(originalUrl)}/${id}` : withId(pathOf(app, this.path), id);
    return next.handle().pipe(
      map((created) => {
        http.getResponse<Response>().setHeader('Location', locationOf(created));
        return created;
      }),
    );
  }
}

function withId(path: string, id: string): string {
  return path.replace(':id', id);
}
