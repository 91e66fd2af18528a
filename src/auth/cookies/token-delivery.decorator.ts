import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { REFRESH_COOKIE } from '../../http/cookies.js';
import { OneOf, Optional } from '../../http/fields.js';
import { AccessTokenDto, TokenPairDto } from '../dto/token-pair.dto.js';
import { REFRESH_TOKEN } from '../dto/token-examples.js';
import { RefreshCookieInterceptor } from './refresh-cookie.interceptor.js';
import { TokenDeliveryInterceptor } from './token-delivery.interceptor.js';

const TOKEN_DELIVERIES = ['body', 'cookie'] as const;
export type TokenDelivery = (typeof TOKEN_DELIVERIES)[number];

/** The field of a sign-in that selects where the refresh token goes. `TokenDeliveryInterceptor` reads it. */
export function TokenDeliveryField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      enum: TOKEN_DELIVERIES,
      example: 'body',
      description:
        'Where the refresh token goes: the body by default. In browsers, use `cookie`, which scripts cannot read. A second step uses that of the first one by default.',
    }),
    Optional(),
    OneOf(TOKEN_DELIVERIES),
  );
}

/**
 * Documents the tokens of a sign-in. If its body has `"tokenDelivery": "cookie"`, moves the refresh token into the cookie.
 * The handler returns a `TokenPairDto`. Add a `TokenDeliveryField` to the DTO, and `OriginNotAllowedError` to the
 * problems.
 */
export function DeliversTokens(): MethodDecorator {
  return applyDecorators(UseInterceptors(TokenDeliveryInterceptor), ApiTokens());
}

/** Lets a route take the refresh token from the cookie. Add `OriginNotAllowedError` to the problems. */
export function TakesRefreshCookie(): MethodDecorator {
  return UseInterceptors(RefreshCookieInterceptor);
}

/** Documents a token pair in the body, or an access token there and the refresh token in the cookie. */
export function ApiTokens(): MethodDecorator {
  const example = `${REFRESH_COOKIE}=${REFRESH_TOKEN}; Max-Age=2592000; Path=/auth; HttpOnly; Secure; SameSite=Strict`;
  return applyDecorators(
    ApiExtraModels(AccessTokenDto, TokenPairDto),
    ApiOkResponse({
      description: 'The tokens. In cookie mode, the refresh token is in the cookie only.',
      schema: {
        anyOf: [
          { $ref: getSchemaPath(TokenPairDto) },
          // Only clients that request it get this schema.
          { $ref: getSchemaPath(AccessTokenDto), 'x-opt-in': true } as { $ref: string },
        ],
      },
      headers: {
        'Set-Cookie': { description: 'The refresh token, in cookie mode.', schema: { type: 'string' }, example },
      },
    }),
  );
}
