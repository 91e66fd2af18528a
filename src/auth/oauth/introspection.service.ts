import { Injectable } from '@nestjs/common';
import {
  ACR_ONE_FACTOR,
  ACR_TWO_FACTORS,
  amrOf,
  methodsOf,
  type AuthenticationsRead,
} from '../../common/authentication.js';
import { DomainError } from '../../common/domain.error.js';
import type { AccessClaims } from '../../common/principal.js';
import { mustEnroll } from '../../common/role.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { LastSeenRecorder } from '../../sessions/last-seen.recorder.js';
import { parseRefreshToken, type PresentedRefreshToken } from '../../sessions/refresh-token.js';
import type { GuardedSession } from '../../sessions/session-access.repository.js';
import { SessionLookup } from '../../sessions/session.lookup.js';
import { SessionRotationService } from '../../sessions/session-rotation.service.js';
import { JwtStrategy } from '../jwt.strategy.js';
import type { IntrospectionDto } from './dto/introspection.dto.js';

const INACTIVE: IntrospectionDto = { active: false };

/** Tells other services whether a token may be used (RFC 7662), by the rules of the guards. */
@Injectable()
export class IntrospectionService {
  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly strategy: JwtStrategy,
    private readonly lookup: SessionLookup,
    private readonly lastSeen: LastSeenRecorder,
    private readonly rotation: SessionRotationService,
  ) {}

  /**
   * Returns the state of an access token, an API key or a refresh token. Access tokens and keys cost a batched lookup, and
   * count as used. Those of users who must enroll a second factor are not active. A refresh token costs one more query,
   * and is active if it is the latest of its session.
   *
   * @throws DatabaseUnavailableError, OverloadedError
   */
  introspect(token: string): Promise<IntrospectionDto> {
    const refreshToken = parseRefreshToken(token);
    return inactiveIfRejected(refreshToken ? this.introspectRefreshToken(refreshToken) : this.introspectAccess(token));
  }

  private async introspectAccess(token: string): Promise<IntrospectionDto> {
    const claims = await this.strategy.verifyToken(token);
    const session = await this.lookup.check(claims);
    this.lastSeen.markUse(session, claims);
    if (mustEnroll(this.config.factors.required, session.user)) return INACTIVE;
    const exp = session.key?.expiresAt ?? expiryOf(token);
    return { ...this.describe(claims, session), exp, token_type: 'Bearer' };
  }

  private async introspectRefreshToken(token: PresentedRefreshToken): Promise<IntrospectionDto> {
    const found = await this.rotation.findSession(token);
    if (!found || found.refreshCounter !== token.counter) return INACTIVE;
    const claims = { userId: found.userId, sessionId: found.id };
    return { ...this.describe(claims, await this.lookup.check(claims)), exp: seconds(found.idleExpiresAt) };
  }

  private describe({ userId, sessionId }: AccessClaims, session: GuardedSession): IntrospectionDto {
    const [, authentications] = JSON.parse(session.authentications) as AuthenticationsRead;
    const amr = amrOf(methodsOf(authentications));
    return {
      active: true,
      sub: userId,
      sid: sessionId,
      iss: this.config.accessToken.issuer,
      ...(session.key?.scopes && { scope: session.key.scopes.join(' ') }),
      amr,
      ...(amr.length > 0 && {
        acr: amr.includes('mfa') ? ACR_TWO_FACTORS : ACR_ONE_FACTOR,
        auth_time: Math.max(...Object.values(authentications)),
      }),
    };
  }
}

/** Returns that the token is inactive if the guards would reject it. Passes on that the server is unavailable. */
async function inactiveIfRejected(result: Promise<IntrospectionDto>): Promise<IntrospectionDto> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'unauthenticated') return INACTIVE;
    throw error;
  }
}

/** Returns the expiry of a verified access token. */
function expiryOf(token: string): number {
  return (JSON.parse(Buffer.from(token.split('.', 2)[1] ?? '', 'base64url').toString()) as { exp: number }).exp;
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1_000);
}
