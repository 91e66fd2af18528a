import { Injectable, Logger } from '@nestjs/common';
import { newId } from '../../common/id.js';
import type { Principal } from '../../common/principal.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import type { Factor } from './factor.entity.js';
import { FactorBox } from './factor-box.js';
import { FactorInvalidError, FactorKeyMissingError, FactorNotFoundError } from './factors.errors.js';
import { FactorsRepository } from './factors.repository.js';
import { FactorsService } from './factors.service.js';
import { generateSecret, qrCodeOf, stepOf, totpUri } from './totp.js';

/** Several, because a user may start in several tabs. */
const MAX_UNCONFIRMED = 3;

export interface TotpEnrollment {
  readonly id: string;
  readonly secret: string;
  readonly uri: string;
  readonly qrCode: string;
}

/** Adds and verifies authenticator apps (TOTP, RFC 6238). */
@Injectable()
export class TotpService {
  private readonly logger = new Logger(TotpService.name);

  constructor(
    @InjectConfig() private readonly config: Config,
    private readonly database: Database,
    private readonly factors: FactorsService,
    private readonly factorsRepository: FactorsRepository,
    private readonly sessions: SessionsService,
    private readonly box: FactorBox,
  ) {}

  /**
   * Creates a secret for an authenticator app. It is not active before `confirmTotp`.
   *
   * @throws FactorLimitReachedError, the errors of `SessionsService.lockActor`
   */
  enrollTotp(actor: Principal): Promise<TotpEnrollment> {
    return this.database.transactionWithRetry(async (manager) => {
      const user = await this.sessions.lockActor(manager, actor);
      await this.factors.assertRoom(manager, user);
      await this.factorsRepository.deleteUnconfirmed(manager, user.id, MAX_UNCONFIRMED - 1);
      const [id, secret] = [newId(), generateSecret()];
      const sealedSecret = this.box.seal({ id, userId: user.id }, secret);
      await this.factorsRepository.insert(manager, { id, userId: user.id, kind: 'totp', sealedSecret });
      const uri = totpUri(this.config.productName, user.email, secret);
      return { id, secret, uri, qrCode: qrCodeOf(uri) };
    });
  }

  /**
   * Activates an authenticator app with its first code. Returns recovery codes with the first factor of the account.
   *
   * @throws FactorNotFoundError if the user has no such factor, or it is already active
   * @throws FactorInvalidError, FactorKeyMissingError, FactorLimitReachedError, the errors of `SessionsService.lockActor`
   */
  confirmTotp(actor: Principal, id: string, code: string): Promise<string[] | undefined> {
    return this.database.transactionWithRetry(async (manager) => {
      const user = await this.sessions.lockActor(manager, actor);
      const factor = await this.factorsRepository.findOne(manager, user.id, id);
      if (factor?.kind !== 'totp' || factor.confirmedAt) throw new FactorNotFoundError();
      const isCorrect = await this.use(manager, factor, code);
      if (isCorrect === null) throw new FactorKeyMissingError();
      if (!isCorrect) throw new FactorInvalidError();
      return this.factors.activate(manager, actor, user, factor);
    });
  }

  /**
   * Returns whether a code of one of the user's apps is correct, and uses it up. The user's row must be locked.
   *
   * @throws FactorKeyMissingError if no secret of an app is readable, so that a correct code does not count as a wrong one
   */
  async useCode(manager: EntityManager, userId: string, code: string): Promise<boolean> {
    const apps = (await this.factorsRepository.listActive(manager, userId)).filter(({ kind }) => kind === 'totp');
    let unreadable = 0;
    for (const app of apps) {
      const isUsed = await this.use(manager, app, code);
      if (isUsed) return true;
      if (isUsed === null) unreadable += 1;
    }
    if (unreadable > 0 && unreadable === apps.length) throw new FactorKeyMissingError();
    return false;
  }

  /** Returns whether a code of an app is correct, or `null` if its secret is unreadable. */
  private async use(manager: EntityManager, app: Factor, code: string): Promise<boolean | null> {
    const opened = this.box.open(app);
    if (!opened) {
      this.logger.error({ factorId: app.id }, 'A secret was encrypted with a FACTOR_SECRET that is not configured.');
      return null;
    }
    const step = stepOf(opened.text, code, app.lastStep);
    if (step === null) return false;
    const resealed = opened.isCurrent ? null : this.box.seal(app, opened.text);
    return this.factorsRepository.useStep(manager, app, step, resealed);
  }
}
