import { domainToASCII } from 'node:url';

/** The longest label and the longest domain of the DNS (RFC 1035 §2.3.4). */
const DNS_DOMAIN = /^(?=.{1,253}$)[^.]{1,63}(?:\.[^.]{1,63})*$/;
/** What a URL parser would remove, or read as something other than a domain. */
const NOT_A_DOMAIN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s!-,/:-@[-^`{-~]/u;

/**
 * Returns the form in which emails are stored, compared and limited: trimmed, NFC, lower case, with the domain in ASCII.
 * All spellings of a mailbox are therefore one account.
 */
export function normalizeEmail(email: string): string {
  const text = email.trim().normalize('NFC').toLowerCase();
  const start = text.lastIndexOf('@') + 1;
  return start === 0 ? text : text.slice(0, start) + asciiDomain(text.slice(start));
}

/** Returns a search text as it occurs in normalized emails. Without an `@`, it may be a part of a domain. */
export function normalizeSearch(text: string): string {
  if (/\s/.test(text)) return text;
  return text.includes('@') ? normalizeEmail(text) : asciiDomain(text);
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
  return DNS_DOMAIN.test(withoutDot) && !/(?:^|\.)\d+$/.test(withoutDot) ? withoutDot : domain;
}

/** Returns whether the domain of a normalized email is in ASCII, with valid `xn--` labels. */
export function hasValidDomain(email: string): boolean {
  const domain = email.slice(email.lastIndexOf('@') + 1);
  return /^[!-~]+$/.test(domain) && (!domain.includes('xn--') || domainToASCII(domain) === domain);
}
