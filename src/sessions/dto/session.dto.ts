import { ApiProperty } from '@nestjs/swagger';
import { amrOf, methodsOf } from '../../common/authentication.js';
import { describeDevice } from '../../common/device-name.js';
import { SESSION_KINDS, type SessionKind } from '../../common/principal.js';
import { REVOCATION_REASONS, type RevocationReason } from '../revocation.js';
import type { Session } from '../session.entity.js';

/** The fields of a session that clients may see. An allow-list, so that new columns stay private. */
export class SessionDto {
  @ApiProperty({ format: 'uuid', example: '0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15' })
  id!: string;

  @ApiProperty({ example: true, description: 'Whether this is the session of the request.' })
  isCurrent!: boolean;

  @ApiProperty({
    enum: SESSION_KINDS,
    enumName: 'SessionKind',
    example: 'sign_in',
    description: 'A sign-in on a device, or an API key.',
  })
  kind!: SessionKind;

  @ApiProperty({
    type: [String],
    nullable: true,
    example: null,
    description: 'The scopes of an API key. Null if it can do what its owner can do, and for sign-ins.',
  })
  scopes!: string[] | null;

  @ApiProperty({ type: String, nullable: true, example: 'Mozilla/5.0 (Macintosh; …) Chrome/141.0.0.0 Safari/537.36' })
  userAgent!: string | null;

  @ApiProperty({
    description: 'The name that the client sent, or one derived from its user agent. The name of an API key.',
    example: 'Chrome on macOS',
  })
  deviceName!: string;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  ipAddress!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-01-15T09:30:00.000Z' })
  createdAt!: Date;

  @ApiProperty({
    format: 'date-time',
    example: '2026-01-15T09:30:00.000Z',
    description:
      'When the user last authenticated: at sign-in, or with `POST /auth/step-up`. For an API key, before its owner created it.',
  })
  authenticatedAt!: Date;

  @ApiProperty({
    type: [String],
    example: ['pwd', 'otp', 'mfa'],
    description:
      'How the user authenticated (RFC 8176): `pwd` a password, `otp` a code, `pop` a passkey, `mfa` two factors. For an API key, how its owner had authenticated before they created it.',
  })
  amr!: string[];

  @ApiProperty({ format: 'date-time', example: '2026-01-15T10:05:00.000Z', description: 'Accurate to about a minute.' })
  lastSeenAt!: Date;

  @ApiProperty({
    format: 'date-time',
    example: '2026-02-14T09:30:00.000Z',
    description: 'When the session expires unless it is refreshed.',
  })
  idleExpiresAt!: Date;

  @ApiProperty({
    format: 'date-time',
    example: '2026-04-15T09:30:00.000Z',
    description: 'When the session expires even if it is refreshed.',
  })
  expiresAt!: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  revokedAt!: Date | null;

  @ApiProperty({ enum: REVOCATION_REASONS, enumName: 'RevocationReason', nullable: true, example: null })
  revokedReason!: RevocationReason | null;

  static from(this: void, session: Session, currentId: string): SessionDto {
    const { id, userAgent, ipAddress, createdAt, lastSeenAt, idleExpiresAt, expiresAt, revokedAt, revokedReason } =
      session;
    return {
      id,
      isCurrent: id === currentId,
      kind: session.kind,
      scopes: session.scopes,
      userAgent,
      deviceName: describeDevice(session.deviceName, userAgent),
      ipAddress,
      createdAt,
      authenticatedAt: authenticatedAt(session),
      amr: amrOf(methodsOf(session.authentications)),
      lastSeenAt,
      idleExpiresAt,
      expiresAt,
      revokedAt,
      revokedReason,
    };
  }
}

/** Returns the time of the last authentication. Sessions of earlier versions have only the time of their sign-in. */
function authenticatedAt({ authentications, createdAt }: Session): Date {
  const times = Object.values(authentications);
  return times.length === 0 ? createdAt : new Date(Math.max(...times) * 1_000);
}

export class SessionListDto {
  @ApiProperty({ type: [SessionDto] })
  items!: SessionDto[];

  static from(this: void, sessions: readonly Session[], currentId: string): SessionListDto {
    return { items: sessions.map((session) => SessionDto.from(session, currentId)) };
  }
}
