import { Injectable } from '@nestjs/common';
import { SealedBox, type Opened } from '../../common/sealed-box.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { Factor } from './factor.entity.js';

type FactorKey = Pick<Factor, 'id' | 'userId'>;

/**
 * Encrypts the secrets of authenticator apps. The user and factor ID are part of the encryption, so that rows cannot be
 * swapped. Also opens what keys from `JWT_SECRET` have sealed, so that `FACTOR_SECRET` can be set later.
 */
@Injectable()
export class FactorBox {
  private readonly box: SealedBox;

  constructor(@InjectConfig() { factors, accessToken }: Config) {
    const { secret } = factors;
    const others = [...factors.previousSecrets, accessToken.secret, ...accessToken.previousSecrets];
    this.box = new SealedBox('gatehouse factor v1', secret ?? accessToken.secret, others);
  }

  seal(factor: FactorKey, secret: string): Buffer {
    return this.box.seal(secret, ownerOf(factor));
  }

  /** Returns `null` if the key is no longer configured, or the row was changed. */
  open(factor: Factor): Opened | null {
    return factor.sealedSecret && this.box.open(factor.sealedSecret, ownerOf(factor));
  }
}

const ownerOf = ({ userId, id }: FactorKey) => `${userId} ${id}`;
