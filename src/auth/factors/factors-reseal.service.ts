import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { FactorBox } from './factor-box.js';
import { FactorsRepository, ROW_LOCK } from './factors.repository.js';

const PAGE_SIZE = 500;

export interface ResealResult {
  readonly total: number;
  /** How many secrets were encrypted with an older key. */
  readonly resealed: number;
  /** How many secrets no configured key opens. */
  readonly unreadable: number;
}

/** Encrypts the secrets of authenticator apps with the newest key, so that older keys can be removed. */
@Injectable()
export class FactorsResealService {
  constructor(
    private readonly database: Database,
    private readonly factors: FactorsRepository,
    private readonly box: FactorBox,
  ) {}

  /** Works in short transactions. If it is interrupted, it can run again. */
  async resealAll(): Promise<ResealResult> {
    let [total, resealed, unreadable] = [0, 0, 0];
    let after: string | null = null;
    for (;;) {
      const page = await this.resealPage(after);
      total += page.total;
      resealed += page.resealed;
      unreadable += page.unreadable;
      if (page.total < PAGE_SIZE) return { total, resealed, unreadable };
      after = page.last;
    }
  }

  private resealPage(after: string | null): Promise<ResealResult & { readonly last: string | null }> {
    return this.database.transactionWithRetry(async (manager) => {
      const factors = await this.factors.listSealed(manager, after, PAGE_SIZE, ROW_LOCK);
      let [resealed, unreadable] = [0, 0];
      for (const factor of factors) {
        const opened = this.box.open(factor);
        if (!opened) unreadable += 1;
        else if (!opened.isCurrent) {
          await this.factors.replaceSecret(manager, factor, this.box.seal(factor, opened.text));
          resealed += 1;
        }
      }
      return { total: factors.length, resealed, unreadable, last: factors.at(-1)?.id ?? null };
    });
  }
}
