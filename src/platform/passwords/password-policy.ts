import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { isMadeOf, ownWords, type Person } from './own-words.js';
import { reasonFor } from './password-reasons.js';
import type * as worker from './password-strength.worker.js';
import { PasswordTooWeakError } from './passwords.errors.js';
import { WorkerPool } from './worker-pool.js';

/** In code points (ASVS 6.2.1, 6.2.9). */
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 128;

/** Nearly all of eight random characters need more guesses; one of the most used passwords with a year behind it, fewer. */
const ENOUGH_GUESSES = 1e7;
/** The library's time grows with the longest word that it looks for. */
const LONGEST_WORD = 32;

/** Decides which passwords may be chosen. What was chosen before is none of its business. */
@Injectable()
export class PasswordPolicy implements OnApplicationShutdown {
  private readonly productName: string;
  /** One thread, so that the word lists are held once, and given up when nobody has chosen a password for a while. */
  private readonly judges = new WorkerPool<typeof worker>('password-strength.worker', {
    threads: 1,
    queue: 128,
    idleTimeout: 60_000,
  });

  constructor(@InjectConfig() config: Config) {
    this.productName = config.productName;
  }

  /**
   * Makes sure that a password may be chosen: 8 to 128 code points of any kind, none of the most used passwords, nor
   * the person's own address or name, nor the product's name (ASVS 6.2.1, 6.2.4, 6.2.5, 6.2.9). Asks nobody outside.
   *
   * @param pointer where the password stands in the input, such as `/newPassword`
   * @throws PasswordTooWeakError, with the reason
   * @throws OverloadedError
   */
  async assertAcceptable(password: string, person: Person, pointer: string): Promise<void> {
    const reason = await this.reasonAgainst(password, person);
    if (reason !== null) throw new PasswordTooWeakError([{ pointer, message: reason }]);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.judges.close();
  }

  private async reasonAgainst(password: string, person: Person): Promise<string | null> {
    const length = [...password].length;
    if (length < PASSWORD_MIN) return `must have at least ${PASSWORD_MIN} characters`;
    if (length > PASSWORD_MAX) return `must have at most ${PASSWORD_MAX} characters`;
    const words = ownWords(person, this.productName);
    if (isMadeOf(words, password)) return reasonFor({ guesses: 0, warning: 'userInputs' });
    const judgement = await this.judges.run('judge', {
      password,
      words: words.map((word) => word.slice(0, LONGEST_WORD)),
    });
    return judgement.guesses < ENOUGH_GUESSES ? reasonFor(judgement) : null;
  }
}
