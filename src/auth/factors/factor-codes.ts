/** Crockford's base 32: no I, L, O and U, which are easily confused. */
export const RECOVERY_CODE_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 120 random bits, so that a fast hash suffices. */
export const RECOVERY_CODE_CHARACTERS = 24;
export const RECOVERY_CODE_PATTERN = /^[0-9A-HJKMNP-TV-Z]{24}$/;
/** A code of an authenticator app. */
export const CODE_PATTERN = /^[0-9]{6}$/;

/** The digits of all scripts with decimal digits, because some keyboards and apps use their own. */
const DIGITS: ReadonlyMap<string, string> = new Map(
  Intl.supportedValuesOf('numberingSystem').flatMap((numberingSystem) => {
    const digits = new Intl.NumberFormat('en', { numberingSystem, useGrouping: false }).format(1_234_567_890);
    return [...digits].map((digit, index) => [digit, String((index + 1) % 10)] as const);
  }),
);

/** Separators between groups, and invisible characters from the clipboard. */
const SEPARATORS = /[\s\p{Pd}\p{Cf}]/gu;

/** Returns a code of an authenticator app with ASCII digits and without separators. */
export function normalizeCode(text: string): string {
  return Array.from(text.replaceAll(SEPARATORS, ''), (character) => DIGITS.get(character) ?? character).join('');
}

export function isCode(text: string): boolean {
  return CODE_PATTERN.test(text);
}

/** Returns a recovery code as it was created: upper case, without separators and confusable characters. */
export function normalizeRecoveryCode(text: string): string {
  return text.normalize('NFKC').replaceAll(SEPARATORS, '').toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}

export function isRecoveryCode(text: string): boolean {
  return RECOVERY_CODE_PATTERN.test(text);
}
