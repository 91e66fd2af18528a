import type { Config } from '../../config/env.js';

/** A value that JSON stores unchanged. Convert a `Date` with `toISOString()`. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The text of a mail. `mail-layout.ts` renders it. */
export interface MailText {
  readonly subject: string;
  /** The text above the button. */
  readonly paragraphs: readonly string[];
  readonly facts?: readonly (readonly [label: string, value: string])[];
  readonly action?: MailAction;
  /** The text below the button. */
  readonly closing?: string;
}

/** The button of a mail, which is a link. */
export interface MailAction {
  readonly label: string;
  /** Below `PUBLIC_URL`, such as `/orders/17`. */
  readonly path: `/${string}`;
  /** A one-time token. It follows in the fragment `#token=…`, because browsers do not send fragments to servers. */
  readonly token?: string;
  /** How long the link works after the mail was queued. The mail is not sent later than that. */
  readonly validForMs?: number;
}

/** A kind of mail. */
export interface MailDefinition<Contents> {
  /** Stored with each queued mail. Do not change it while such mails are in the queue. */
  readonly kind: string;
  /** Writes the text when the mail is sent. By then, the application may have been updated. */
  write(config: Config, contents: Contents): MailText;
}

const definitions = new Map<string, MailDefinition<never>>();

/**
 * Defines a kind of mail that `MailOutbox` can queue:
 *
 * ```ts
 * export const orderShipped = defineMail('order_shipped', ({ productName }, { orderId }: { orderId: string }) => ({
 *   subject: `Your order from ${productName} is on its way`,
 *   paragraphs: ['It should arrive within three days.'],
 *   action: { label: 'View the order', path: `/orders/${orderId}` },
 * }));
 * ```
 */
export function defineMail<Contents extends { readonly [Key in keyof Contents]: Json }>(
  kind: string,
  write: (config: Config, contents: Contents) => MailText,
): MailDefinition<Contents> {
  if (!/^[a-z][a-z0-9_]*$/.test(kind))
    throw new Error(`Write the mail kind "${kind}" in snake_case, such as order_shipped.`);
  if (definitions.has(kind)) throw new Error(`The mail kind ${kind} is defined twice.`);
  const definition = { kind, write };
  definitions.set(kind, definition);
  return definition;
}

/** Returns the definition of a queued mail. @throws Error if no module of this version defines it */
export function mailDefinition(kind: string): MailDefinition<never> {
  const definition = definitions.get(kind);
  if (!definition) throw new Error(`No module defines the mail kind ${kind}.`);
  return definition;
}
