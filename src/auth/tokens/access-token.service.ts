import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { newId } from '../../common/id.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { User } from '../../users/user.entity.js';
import { KeyRing, TOKEN_TYPE } from './key-ring.js';

/** RFC 9068 §2.2 requires the claim, and libraries check it. This server has no OAuth clients. */
const CLIENT_ID = 'first-party';

/** The result of a sign-in or refresh. */
export interface TokenGrant {
  readonly user: User;
  readonly sessionId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Lifetime of the access token in seconds. */
  readonly expiresIn: number;
}

@Injectable()
export class AccessTokenService {
  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
  ) {}

  /**
   * Signs an access token (RFC 9068) for a session. It contains no role, because the guard reads the current one.
   *
   * @param generation the counter of the refresh token
   */
  async grant(user: User, sessionId: string, refreshToken: string, generation: number): Promise<TokenGrant> {
    const { issuer, audience, ttlSeconds: expiresIn } = this.config.accessToken;
    const { id: keyid, algorithm, signer: privateKey } = this.keys.current;
    const header = { alg: algorithm, typ: TOKEN_TYPE };
    const options = {
      privateKey,
      algorithm,
      keyid,
      header,
      subject: user.id,
      jwtid: newId(),
      issuer,
      audience,
      expiresIn,
    };
    const claims = { sid: sessionId, gen: generation, client_id: CLIENT_ID };
    const accessToken = await this.jwt.signAsync(claims, options);
    return { user, sessionId, accessToken, refreshToken, expiresIn };
  }
}
