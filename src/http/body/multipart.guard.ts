import { Readable, type Writable } from 'node:stream';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { PayloadTooLargeError, UnsupportedMediaTypeError } from '../http.errors.js';
import { declaresMoreThan } from './body-parsers.js';

export const MULTIPART_TYPE = 'multipart/form-data';

/**
 * Nest's file interceptors remove the files of a request with this mark if the request fails. Nest itself sets it only if
 * a pipe rejects the request, and keeps the files if an interceptor or the handler throws.
 */
const REMOVES_FILES_ON_ERROR = Symbol.for('nestjs:rejected-by-pipes');

/** Checks the type and the size of a multipart body before a file interceptor reads it. */
export class MultipartGuard implements CanActivate {
  constructor(private readonly maxBytes: number) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const { 'content-encoding': encoding = 'identity' } = request.headers;
    if (!request.is(MULTIPART_TYPE) || encoding !== 'identity') throw new UnsupportedMediaTypeError([MULTIPART_TYPE]);
    if (declaresMoreThan(request, this.maxBytes)) throw new PayloadTooLargeError(this.maxBytes);
    if (!('content-length' in request.headers)) limitChunks(request, this.maxBytes);
    Object.assign(request, { [REMOVES_FILES_ON_ERROR]: true });
    return true;
  }
}

/** Makes the destination of a chunked body fail when the body is larger than this. */
function limitChunks(request: Request, maxBytes: number): void {
  const pipe = <Destination extends NodeJS.WritableStream>(destination: Destination, options?: { end?: boolean }) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) return;
      request.unpipe(destination);
      // Multer waits for the end of a readable request before it reports an error.
      request.readable = false;
      (destination as unknown as Writable).destroy(new PayloadTooLargeError(maxBytes));
    });
    return Readable.prototype.pipe.call(request, destination, options) as Destination;
  };
  request.pipe = pipe;
}
