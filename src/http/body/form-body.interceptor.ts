import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { urlencoded, type Request, type RequestHandler, type Response } from 'express';
import type { Observable } from 'rxjs';
import { UnsupportedMediaTypeError } from '../http.errors.js';
import { bodyError, hasBody } from './body-parsers.js';
import { checkAccessAgain } from './late-body.js';

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Reads the form body of a route, so that the exception filters of the route handle its errors. */
export class FormBodyInterceptor implements NestInterceptor {
  private readonly parse: RequestHandler;

  constructor(private readonly maxBytes: number) {
    this.parse = urlencoded({ extended: false, limit: maxBytes, parameterLimit: 32, inflate: false });
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (hasBody(request) && !request.is(FORM_TYPE)) throw new UnsupportedMediaTypeError([FORM_TYPE]);
    await new Promise<void>((resolve, reject) => {
      this.parse(request, http.getResponse<Response>(), (error?: unknown) =>
        error instanceof Error ? reject(bodyError(error, [FORM_TYPE], this.maxBytes)) : resolve(),
      );
    });
    await checkAccessAgain(context);
    return next.handle();
  }
}
