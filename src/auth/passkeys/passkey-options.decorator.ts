import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { PasskeyRequestOptionsDto } from './dto/passkey-options.dto.js';

const USE = 'Pass the options to `PublicKeyCredential.parseRequestOptionsFromJSON` and `navigator.credentials.get`';

/** Documents a route that returns the options for the use of a passkey. @param next says where the passkey goes */
export function ReturnsPasskeyOptions(summary: string, next: string): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    ApiOperation({ summary, description: `${USE}, then send the result ${next}` }),
    ApiOkResponse({ type: PasskeyRequestOptionsDto }),
  );
}
