import { Readable, type Writable } from 'node:stream';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { PayloadTooLargeError, UnsupportedMediaTypeError } from '../http.errors.js';
import { declaresMoreThan } from './body-parsers.js';
import { checkAccessAgain, type LateBodyRequest } from './late-body.js';

export const MULTIPART_TYPE = 'multipart/form-data';

/**
 * The property that makes Nest's file interceptors delete the files of a failed request. Nest itself sets it only if a
 * pipe rejects the request, so the files would stay if an interceptor or the handler throws.
 */
const DELETES_FILES_ON_ERROR = Symbol.for('nestjs:rejected-by-pipes');

/** Checks the type and size of a multipart body, and prepares the request for a file interceptor. */
export class MultipartGuard implements CanActivate {
  constructor(private readonly maxBytes: number) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<LateBodyRequest>();
    const { 'content-encoding': encoding = 'identity' } = request.headers;
    if (!request.is(MULTIPART_TYPE) || encoding !== 'identity') throw new UnsupportedMediaTypeError([MULTIPART_TYPE]);
    if (declaresMoreThan(request, this.maxBytes)) throw new PayloadTooLargeError(this.maxBytes);
    controlPipe(request, this.maxBytes, () => checkAccessAgain(context));
    Object.assign(request, { [DELETES_FILES_ON_ERROR]: true });
    return true;
  }
}

/**
 * Replaces `request.pipe`, which multer calls to read the body. The destination ends only after the check, so that the
 * interceptor waits for it. If the check fails or the body is too large, the destination fails, and multer deletes the
 * files that it has stored.
 */
function controlPipe(request: LateBodyRequest, maxBytes: number, check: () => Promise<void>): void {
  request.pipe = <Destination extends NodeJS.WritableStream>(destination: Destination): Destination => {
    let bytes = 0;
    let isPiped = true;
    const fail = (error: Error): void => {
      request.unpipe(destination);
      // Multer waits for the end of a readable request before it reports an error.
      request.readable = false;
      (destination as unknown as Writable).destroy(error);
    };
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) fail(new PayloadTooLargeError(maxBytes));
    });
    request.once('end', () => {
      // Multer unpipes a body that it rejects, so the check is not needed.
      if (isPiped) check().then(() => destination.end(), fail);
    });
    destination.once('unpipe', () => (isPiped = false));
    return Readable.prototype.pipe.call(request, destination, { end: false }) as Destination;
  };
}
