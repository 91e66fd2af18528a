import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { urlencoded, type Request, type Response } from 'express';
import type { Observable } from 'rxjs';
import { MAX_BODY_BYTES, bodyError } from './json-body.js';

const parse = urlencoded({ extended: false, limit: MAX_BODY_BYTES, parameterLimit: 32, inflate: false });

/** Reads the form body (`application/x-www-form-urlencoded`) of a route. */
@Injectable()
export class FormBodyInterceptor implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    await new Promise<void>((resolve, reject) => {
      parse(http.getRequest<Request>(), http.getResponse<Response>(), (error?: unknown) =>
        error instanceof Error ? reject(bodyError(error)) : resolve(),
      );
    });
    return next.handle();
  }
}
