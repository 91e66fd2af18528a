import { parseEnvironment } from '../config/env.js';
import type { MailDefinition } from '../platform/mail/define-mail.js';
import type { OutgoingMail } from '../platform/mail/mail.js';
import { MailWriter } from '../platform/mail/mail-writer.js';
import { keyCreated, keyExpires } from './api-keys/api-keys.mails.js';
import { newDevice, passwordChanged, refreshTokenReused, resetPassword, verifyEmail } from './auth.mails.js';

const TOKEN = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeUkR7vXq2mZt9';
const INCIDENT = {
  token: TOKEN,
  device: 'Chrome on macOS',
  ipAddress: '2001:db8::7',
  at: '2026-03-02T14:05:31.123Z',
};

function write<Contents>({ kind }: MailDefinition<Contents>, contents: Contents, env = {}): OutgoingMail {
  const row = { id: 'id', kind, recipient: 'ada@example.com', createdAt: new Date() };
  return new MailWriter(parseEnvironment(env)).write(row, { ...contents, recipientName: 'Ada' });
}

describe('the mail', () => {
  it.each([
    [verifyEmail, 'verify_email', 'Verify your email address for Gatehouse', 'verify-email'],
    [resetPassword, 'reset_password', 'Reset your password for Gatehouse', 'reset-password'],
    [newDevice, 'new_device', 'New sign-in to Gatehouse', 'not-me'],
    [passwordChanged, 'password_changed', 'Your password for Gatehouse was changed', 'not-me'],
    [refreshTokenReused, 'refresh_token_reused', 'You were signed out of Gatehouse on one device', 'not-me'],
    [keyCreated, 'key_created', 'New API key for Gatehouse', 'not-me'],
  ])('%# has its subject, and its link as a button and as text', (definition, kind, subject, page) => {
    const mail = write(definition as MailDefinition<typeof INCIDENT>, INCIDENT);
    const link = `http://localhost:3000/account/${page}#token=${TOKEN}`;
    expect(mail).toMatchObject({ kind, subject, link });
    expect(mail.text).toContain(`:\n${link}\n`);
    expect(mail.html).toContain(`<a href="${link}"`);
    expect(mail.html).toContain(`<br>${link}`);
    expect([mail.text, mail.html].join()).not.toMatch(/undefined|null|\[object/);
  });

  it('about an incident names the device, IP address and time', () => {
    const { text, html } = write(newDevice, INCIDENT);
    expect(text).toContain('  Device: Chrome on macOS\n  IP address: 2001:db8::7\n  Time: 2 March 2026, 14:05 UTC\n');
    for (const fact of ['Chrome on macOS', '2001:db8::7', '2 March 2026, 14:05 UTC']) expect(html).toContain(fact);
    expect(write(newDevice, { ...INCIDENT, ipAddress: null }).text).not.toContain('IP address');
  });

  it('about an API key names it, unless the name could contain a message', () => {
    expect(write(keyCreated, { ...INCIDENT, about: 'Nightly export' }).text).toContain('  API key: Nightly export\n');
    const { text } = write(keyCreated, { ...INCIDENT, about: 'Call 0800 123 456 or visit example.com' });
    expect(text).not.toContain('example.com');
    const contents = { name: 'Nightly export', expiresAt: INCIDENT.at };
    expect(write(keyExpires, contents).text).toContain('  API key: Nightly export\n  Expires: 2 March 2026, 14:05 UTC');
    expect(write(keyExpires, { ...contents, name: 'visit example.com' }).text).not.toContain('example.com');
  });

  it.each([
    ['1h', '1 hour'],
    ['90m', '90 minutes'],
    ['1d', '1 day'],
    ['1m', '1 minute'],
  ])('states the lifetime of its link: %s as %s', (ttl, words) => {
    const { text } = write(resetPassword, { token: TOKEN }, { PASSWORD_RESET_TTL: ttl });
    expect(text).toContain(`works once and expires after ${words}.`);
  });
});
