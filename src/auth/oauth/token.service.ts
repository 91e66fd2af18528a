import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { isCode, isRecoveryCode, normalizeCode, normalizeRecoveryCode } from '../factors/factor-codes.js';
import { RefreshService } from '../refresh.service.js';
import type { FactorProof } from '../sign-in/factor-proof.js';
import { SignInService } from '../sign-in/sign-in.service.js';
import type { TokenGrant } from '../tokens/access-token.service.js';
import { InvalidTokenRequestError, UnsupportedGrantTypeError } from './oauth.errors.js';

/** No valid email, password or token is longer. */
const MAX_FIELD_LENGTH = 2_048;

/** The only scope. What a token allows depends on the role of its user. */
const SCOPE = 'api';

export interface OAuthGrant {
  readonly grant: TokenGrant;
  /** The granted scope, if the client requested one. */
  readonly scope: string | undefined;
}

/** Handles the form of the OAuth token endpoint (RFC 6749 §4.3, §6). */
@Injectable()
export class TokenService {
  constructor(
    private readonly signIn: SignInService,
    private readonly refresh: RefreshService,
  ) {}

  /**
   * @param form the parsed form. Unknown fields are ignored. Repeated fields are arrays
   * @throws InvalidTokenRequestError, UnsupportedGrantTypeError
   * @throws the errors of `SignInService` and `RefreshService`
   */
  async exchange(form: unknown, client: Client): Promise<OAuthGrant> {
    const fields = new Map(Object.entries(form ?? {}));
    // The granted scope may differ from the requested one (RFC 6749 §3.3).
    const scope = fields.get('scope') ? requireField(fields, 'scope') && SCOPE : undefined;
    return { grant: await this.grant(fields, client), scope };
  }

  private grant(fields: ReadonlyMap<string, unknown>, client: Client): Promise<TokenGrant> {
    switch (requireField(fields, 'grant_type')) {
      case 'password': {
        const [email, password] = [requireField(fields, 'username'), requireField(fields, 'password')];
        const refreshToken = fields.get('refresh_token') ? requireField(fields, 'refresh_token') : undefined;
        const proof = fields.get('otp') ? proofOf(requireField(fields, 'otp')) : null;
        return this.signIn.signIn(email, password, { ...client, refreshToken }, proof);
      }
      case 'refresh_token':
        return this.refresh.refresh(requireField(fields, 'refresh_token'), client);
      default:
        throw new UnsupportedGrantTypeError();
    }
  }
}

/** @param otp a code of an authenticator app, or a recovery code */
function proofOf(otp: string): FactorProof {
  const [code, recoveryCode] = [normalizeCode(otp), normalizeRecoveryCode(otp)];
  if (isCode(code)) return { code };
  if (isRecoveryCode(recoveryCode)) return { recoveryCode };
  throw new InvalidTokenRequestError({ message: 'otp must have 6 digits, or be a recovery code.' });
}

/**
 * Returns a field of a form that has it exactly once.
 *
 * @param maxLength of a value that could be valid
 * @throws InvalidTokenRequestError
 */
export function requireField(fields: ReadonlyMap<string, unknown>, name: string, maxLength = MAX_FIELD_LENGTH): string {
  const value = fields.get(name);
  if (typeof value !== 'string' || value === '') {
    throw new InvalidTokenRequestError({ message: `Send the field ${name} exactly once.` });
  }
  if (value.length > maxLength) throw new InvalidTokenRequestError({ message: `${name} is too long.` });
  return value;
}
