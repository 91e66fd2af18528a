import { FactorsResealService } from '../auth/factors/factors-reseal.service.js';
import { countOf } from '../common/plural.js';
import { CommandError } from './errors.js';
import { withApp } from './with-app.js';

/** Encrypts the secrets of authenticator apps with the newest key. @throws CommandError if a secret is unreadable */
export async function resealFactors(): Promise<void> {
  await withApp(async (app) => {
    const { total, resealed, unreadable } = await app.get(FactorsResealService).resealAll();
    console.log(`Encrypted ${resealed} of ${countOf(total, 'secrets')} with the newest key.`);
    const current = total - resealed - unreadable;
    if (current > 0) console.log(`The newest key already encrypted ${countOf(current, 'secrets')}.`);
    if (unreadable > 0)
      throw new CommandError(
        `No configured key opens ${countOf(unreadable, 'secrets')}. Add its secret to FACTOR_PREVIOUS_SECRETS.`,
      );
  });
}
