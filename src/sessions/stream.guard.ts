import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DomainError, ForbiddenError } from '../common/domain.error.js';
import type { AccessClaims } from '../common/principal.js';
import { mustEnroll } from '../common/role.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { SecondFactorEnrollmentRequiredError } from '../http/access.errors.js';
import type { GatehouseAdapter } from '../http/express.adapter.js';
import { isAllowed } from '../http/roles.decorator.js';
import type { OpenStream } from '../http/streams/open-stream.js';
import { ServerStoppingError, TooManyStreamsError } from '../http/streams/streams.errors.js';
import { Database } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { LastSeenRecorder } from './last-seen.recorder.js';
import { SessionAccessRepository, type GuardedSession } from './session-access.repository.js';
import { usableSession } from './session-state.js';

const CHECK_INTERVAL_MS = 1_000;
/** Proxies usually close connections that are silent for 60 s. */
const HEARTBEAT_INTERVAL_MS = 30_000;
/** Streams that were not checked for this long are closed, because their sessions may have been revoked. */
const MAX_UNCHECKED_MS = 10_000;
/** A statement with more sessions would delay the requests of this process for too long. */
const MAX_SESSIONS_PER_STATEMENT = 1_000;

/**
 * Guards streams after their request was authorized: WebSockets, event streams and long downloads. Looks up their
 * sessions once per second. Closes the streams whose session has ended, or whose user has lost the required role or must
 * enroll a second factor. Runs no statement while no stream is open.
 */
@Injectable()
export class StreamGuard implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger(StreamGuard.name);
  private readonly limits: Config['streams'];
  private readonly secondFactorPolicy: Config['factors']['required'];
  private timer: NodeJS.Timeout | undefined;
  private isStopping = false;
  private isChecking = false;
  /** When the oldest check without a success began, from `performance.now()`. */
  private uncheckedSince: number | null = null;
  private heartbeatAt = 0;

  constructor(
    @InjectConfig() { streams, factors }: Config,
    private readonly host: HttpAdapterHost,
    private readonly database: Database,
    private readonly sessions: SessionAccessRepository,
    private readonly lastSeen: LastSeenRecorder,
  ) {
    this.limits = streams;
    this.secondFactorPolicy = factors.required;
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.guard(), CHECK_INTERVAL_MS).unref();
  }

  /** Closes endless streams, because they would delay the drain. Downloads can finish. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await this.closeEndless();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private guard(): void {
    if (this.isStopping) return void this.closeEndless();
    const now = performance.now();
    const streams = this.closeSurplus(this.openStreams());
    if (now - this.heartbeatAt >= HEARTBEAT_INTERVAL_MS) {
      this.heartbeatAt = now;
      for (const stream of streams) stream.beat();
    }
    const guarded = streams.filter(({ principal }) => principal);
    if (guarded.length === 0) this.uncheckedSince = null;
    else if (now - (this.uncheckedSince ?? now) > MAX_UNCHECKED_MS) {
      for (const stream of guarded) this.close(stream, new DatabaseUnavailableError());
    } else if (!this.isChecking) void this.check(guarded);
  }

  private async check(streams: readonly OpenStream[]): Promise<void> {
    this.uncheckedSince ??= performance.now();
    this.isChecking = true;
    try {
      const claims = new Map<string, AccessClaims>();
      for (const { principal } of streams) if (principal) claims.set(principal.sessionId, principal);
      const sessions = await this.findSessions([...claims.values()]);
      for (const stream of streams) this.checkStream(stream, sessions);
      this.uncheckedSince = null;
    } catch (error) {
      // `Database` logs outages.
      if (!(error instanceof DatabaseUnavailableError))
        this.logger.error({ err: error }, 'Failed to check the sessions of streams. The next check retries.');
    } finally {
      this.isChecking = false;
    }
  }

  private async findSessions(claims: readonly AccessClaims[]): Promise<ReadonlyMap<string, GuardedSession>> {
    const sessions = new Map<string, GuardedSession>();
    for (let i = 0; i < claims.length; i += MAX_SESSIONS_PER_STATEMENT) {
      const chunk = claims.slice(i, i + MAX_SESSIONS_PER_STATEMENT);
      const rows = await this.database.runReserved((manager) => this.sessions.findForGuard(manager, chunk));
      for (const session of rows) sessions.set(session.id, session);
    }
    return sessions;
  }

  private checkStream(stream: OpenStream, sessions: ReadonlyMap<string, GuardedSession>): void {
    const { principal, accessRule } = stream;
    if (!principal) return;
    try {
      const session = usableSession(sessions.get(principal.sessionId), principal);
      if (accessRule && !isAllowed(session.user.role, accessRule)) throw new ForbiddenError();
      // An admin can have promoted the user meanwhile.
      if (mustEnroll(this.secondFactorPolicy, session.user)) throw new SecondFactorEnrollmentRequiredError();
      this.lastSeen.markUse(session, principal);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.close(stream, error);
    }
  }

  /** Closes the latest streams beyond the limits, and returns the others. Downloads have no limit. */
  private closeSurplus(streams: readonly OpenStream[]): readonly OpenStream[] {
    const bySession = new Map<string, number>();
    let total = 0;
    return streams.filter((stream) => {
      if (!stream.isEndless) return true;
      const id = stream.principal?.sessionId;
      const count = id === undefined ? 0 : (bySession.get(id) ?? 0) + 1;
      if (id !== undefined) bySession.set(id, count);
      total += 1;
      const isSurplus = count > this.limits.maxPerSession || total > this.limits.max;
      if (isSurplus) this.close(stream, new TooManyStreamsError());
      return !isSurplus;
    });
  }

  private close(stream: OpenStream, error: DomainError): void {
    stream.close(error).catch((cause: unknown) => this.logger.error({ err: cause }, 'Failed to close a stream.'));
  }

  private async closeEndless(): Promise<void> {
    const endless = this.openStreams().filter(({ isEndless }) => isEndless);
    await Promise.all(endless.map((stream) => stream.close(new ServerStoppingError())));
  }

  /** Returns an empty list in a microservice or a command, which have no HTTP server. */
  private openStreams(): readonly OpenStream[] {
    const { httpAdapter } = this.host as unknown as { httpAdapter?: Partial<GatehouseAdapter> };
    return httpAdapter?.connections?.openStreams() ?? [];
  }
}
