import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { AccessClaims } from '../../common/principal.js';
import { newId } from '../../common/id.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { KeyRing } from './key-ring.js';

/** An access token (RFC 7519) and its life in seconds. */
export interface AccessToken {
  readonly accessToken: string;
  readonly expiresIn: number;
}

@Injectable()
export class AccessTokenService {
  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
  ) {}

  /** Signs a token that says who and by which session. It carries no role: that is read with the session. */
  async issue({ userId, sessionId }: AccessClaims): Promise<AccessToken> {
    const { issuer, audience, ttlSeconds: expiresIn } = this.config.accessToken;
    const { id: keyid, algorithm, signer: privateKey } = this.keys.current;
    const accessToken = await this.jwt.signAsync(
      { sid: sessionId },
      {
        privateKey,
        algorithm,
        keyid,
        subject: userId,
        jwtid: newId(),
        issuer,
        audience,
        expiresIn,
      },
    );
    return { accessToken, expiresIn };
  }
}
