/** `ok`; `warning` if it works but may be a mistake; `problem` if something does not work. */
export type Level = 'ok' | 'warning' | 'problem';

/** What a check found. */
export interface Finding {
  readonly level: Level;
  /** The name of the check, such as `database`. */
  readonly check: string;
  /** Describes the problem and its solution in one line. Contains no secret. */
  readonly message: string;
}

export const ok = (check: string, message: string): Finding => ({ level: 'ok', check, message });
export const warning = (check: string, message: string): Finding => ({ level: 'warning', check, message });
export const problem = (check: string, message: string): Finding => ({ level: 'problem', check, message });

export const warnIf = (isWrong: boolean, check: string, message: string): Finding[] =>
  isWrong ? [warning(check, message)] : [];
export const problemIf = (isWrong: boolean, check: string, message: string): Finding[] =>
  isWrong ? [problem(check, message)] : [];

/** Returns the findings, or one that all is well if there are none. */
export const orOk = (findings: readonly Finding[], check: string, message: string): readonly Finding[] =>
  findings.length > 0 ? findings : [ok(check, message)];

/** Returns the message of another program or library on one line, with a full stop. */
export const sentence = (message: string): string =>
  message
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/(?<![.!?])$/, '.');
