import { domainToASCII, domainToUnicode } from 'node:url';

/** The longest label and the longest domain of the DNS (RFC 1035 §2.3.4). */
const DNS_DOMAIN = /^(?=.{1,253}$)[^.]{1,63}(?:\.[^.]{1,63})*$/;
/** What a URL parser would remove, or read as something other than a domain. */
const NOT_A_DOMAIN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s!-,/:-@[-^`{-~]/u;

/** A quoted local part (RFC 5321 §4.1.2). */
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/su;
/** A local part that needs no quotes. */
const DOT_ATOM = /^[\w!#$%&'*+/=?^`{|}~\-\u{a1}-\u{10ffff}]+(?:\.[\w!#$%&'*+/=?^`{|}~\-\u{a1}-\u{10ffff}]+)*$/u;

/**
 * Returns the form in which emails are stored, compared and limited: trimmed, NFC, lower case, without needless quotes
 * and escapes, with the domain in ASCII. All spellings of a mailbox are therefore one account.
 */
export function normalizeEmail(email: string): string {
  const text = email.trim().normalize('NFC').toLowerCase();
  const start = text.lastIndexOf('@') + 1;
  return start === 0 ? text : `${plainLocalPart(text.slice(0, start - 1))}@${asciiDomain(text.slice(start))}`;
}

/** Returns a search text as it occurs in normalized emails. Without an `@`, it may be a part of a domain. */
export function normalizeSearch(text: string): string {
  if (/\s/.test(text)) return text;
  return text.includes('@') ? normalizeEmail(text) : asciiDomain(text);
}

/** Removes quotes and escapes that a local part does not need. `"\\ada"` and `ada` are one mailbox. */
function plainLocalPart(local: string): string {
  const quoted = QUOTED.exec(local)?.[1];
  if (quoted === undefined) return local;
  const text = quoted.replace(/\\(.)/gsu, '$1').normalize('NFC');
  return DOT_ATOM.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Converts a domain to ASCII (UTS 46) and removes a trailing dot. Returns an invalid domain unchanged, so that validation
 * rejects it and existing accounts with it can sign in.
 */
function asciiDomain(domain: string): string {
  if (NOT_A_DOMAIN.test(domain)) return domain;
  // The parser would read digits as an IPv4 address.
  const ascii = /^[!-~]*$/.test(domain) ? domain.toLowerCase() : domainToASCII(domain);
  const withoutDot = ascii.replace(/(?<=[^.])\.$/, '');
  const isDomain = DNS_DOMAIN.test(withoutDot) && !/(?:^|\.)\d+$/.test(withoutDot) && hasHostLabels(withoutDot);
  return isDomain ? withoutDot : domain;
}

/** Checks the hyphens of `xn--` labels, which the parser does not (UTS 46, CheckHyphens). */
function hasHostLabels(ascii: string): boolean {
  if (!ascii.includes('xn--')) return true;
  return !domainToUnicode(ascii)
    .split('.')
    .some((label) => /[^!-~]/.test(label) && /^-|-$|^..--/u.test(label));
}

/** Returns whether the domain of a normalized email is in ASCII, with valid `xn--` labels. */
export function hasValidDomain(email: string): boolean {
  const domain = email.slice(email.lastIndexOf('@') + 1);
  return (
    /^[!-~]+$/.test(domain) && (!domain.includes('xn--') || (domainToASCII(domain) === domain && hasHostLabels(domain)))
  );
}
