import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { AuthService, type Grant } from '../auth.service.js';
import { InvalidTokenRequestError, UnsupportedGrantTypeError } from './oauth.errors.js';

/** The longest value of a field. Longer ones are no address, password or token of ours. */
const MAX_LENGTH = 2_048;

/** Reads the form of OAuth's token endpoint, and does what its grant type says (RFC 6749 §4.3, §6). */
@Injectable()
export class TokenService {
  constructor(private readonly auth: AuthService) {}

  /**
   * @param form the fields of the form, as they came: unknown ones are ignored, repeated ones arrive as arrays
   * @throws InvalidTokenRequestError, UnsupportedGrantTypeError, and what `AuthService` throws
   */
  async exchange(form: unknown, client: Client): Promise<Grant> {
    const fields = new Map(Object.entries(form ?? {}));
    switch (field(fields, 'grant_type')) {
      case 'password':
        return this.auth.login(field(fields, 'username'), field(fields, 'password'), {
          ...client,
          refreshToken: fields.get('refresh_token') ? field(fields, 'refresh_token') : undefined,
        });
      case 'refresh_token':
        return this.auth.refresh(field(fields, 'refresh_token'), client);
      default:
        throw new UnsupportedGrantTypeError();
    }
  }
}

function field(fields: ReadonlyMap<string, unknown>, name: string): string {
  const value = fields.get(name);
  if (typeof value !== 'string' || value === '')
    throw new InvalidTokenRequestError({ message: `The form needs ${name}, once.` });
  if (value.length > MAX_LENGTH) throw new InvalidTokenRequestError({ message: `${name} is too long.` });
  return value;
}
