import { Injectable } from '@nestjs/common';
import { IsNull, MoreThan, Not, type EntityManager } from 'typeorm';
import { Factor } from './factor.entity.js';

/** A factor as it is created. The columns of the other kind stay null. */
export type NewFactor = Pick<Factor, 'id' | 'userId' | 'kind'> & Partial<Factor>;

/** Locks the rows that a query returns. */
export const ROW_LOCK = { lock: { mode: 'for_no_key_update' } } as const;
type RowLock = Partial<typeof ROW_LOCK>;

/** Reads and writes second factors. The caller must have locked the user's row before a write. */
@Injectable()
export class FactorsRepository {
  /** Inserts a factor that is not active yet. */
  async insert(manager: EntityManager, factor: NewFactor): Promise<void> {
    await manager.insert(Factor, factor);
  }

  /** Returns the active factors of a user, oldest first. */
  listActive(manager: EntityManager, userId: string): Promise<Factor[]> {
    return manager.find(Factor, { where: { userId, confirmedAt: Not(IsNull()) }, order: { id: 'ASC' } });
  }

  findOne(manager: EntityManager, userId: string, id: string): Promise<Factor | null> {
    return manager.findOneBy(Factor, { id, userId });
  }

  countActive(manager: EntityManager, userId: string): Promise<number> {
    return manager.countBy(Factor, { userId, confirmedAt: Not(IsNull()) });
  }

  /** Activates a factor. Returns false if it is already active, or was deleted. */
  async confirm(manager: EntityManager, { id, userId }: Factor): Promise<boolean> {
    const where = { id, userId, confirmedAt: IsNull() };
    const { affected } = await manager.update(Factor, where, { confirmedAt: () => 'now()' });
    return affected === 1;
  }

  /**
   * Records the use of a code, and replaces the sealed secret if one is given. Returns false if this code or a later one
   * was used before, on any instance.
   */
  async useStep(manager: EntityManager, { id, userId }: Factor, step: number, sealed: Buffer | null): Promise<boolean> {
    const [, updated] = await manager.query<[unknown, number]>(
      `UPDATE factors SET last_step = $3, last_used_at = now(), sealed_secret = coalesce($4, sealed_secret)
        WHERE id = $1 AND user_id = $2 AND (last_step < $3) IS NOT FALSE`,
      [id, userId, step, sealed],
    );
    return updated === 1;
  }

  /** Returns the next authenticator apps by ID. */
  listSealed(manager: EntityManager, after: string | null, limit: number, lock: RowLock = {}): Promise<Factor[]> {
    const where = { kind: 'totp', ...(after !== null && { id: MoreThan(after) }) } as const;
    return manager.find(Factor, { where, order: { id: 'ASC' }, take: limit, ...lock });
  }

  async replaceSecret(manager: EntityManager, { id, userId }: Factor, sealedSecret: Buffer): Promise<void> {
    await manager.update(Factor, { id, userId }, { sealedSecret });
  }

  async rename(manager: EntityManager, { id, userId }: Factor, name: string | null): Promise<void> {
    await manager.update(Factor, { id, userId }, { name });
  }

  async delete(manager: EntityManager, { id, userId }: Factor): Promise<void> {
    await manager.delete(Factor, { id, userId });
  }

  /** Deletes all factors of a user, or those that were activated within the last `intervalMs`. Returns how many. */
  async deleteAll(manager: EntityManager, userId: string, intervalMs: number | null = null): Promise<number> {
    const [, deleted] = await manager.query<[unknown, number]>(
      `DELETE FROM factors
        WHERE user_id = $1
          AND ($2::float8 IS NULL OR confirmed_at IS NULL OR confirmed_at > now() - $2 * interval '1 millisecond')`,
      [userId, intervalMs],
    );
    return deleted;
  }

  /** Deletes a user's factors that are not active, except the newest `keep`. */
  async deleteUnconfirmed(manager: EntityManager, userId: string, keep: number): Promise<void> {
    await manager.query(
      `DELETE FROM factors WHERE id IN
         (SELECT id FROM factors WHERE user_id = $1 AND confirmed_at IS NULL ORDER BY id DESC OFFSET $2)`,
      [userId, keep],
    );
  }
}
