import { parseEnvironment } from '../../config/env.js';
import type { MailContents, MailKind, OutgoingMail } from './mail.js';
import { MailWriter } from './mail-writer.js';

const TOKEN = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeUkR7vXq2mZt9';
const INCIDENT = {
  name: 'Ada',
  token: TOKEN,
  device: 'Chrome on macOS',
  ipAddress: '2001:db8::7',
  at: '2026-03-02T14:05:31.123Z',
};

function write<Kind extends MailKind>(kind: Kind, contents: MailContents[Kind], env = {}): OutgoingMail {
  const writer = new MailWriter(parseEnvironment(env));
  return writer.write({ id: 'id', kind, recipient: 'ada@example.com', createdAt: new Date() }, contents);
}

describe('MailWriter', () => {
  it.each<[MailKind, string, string]>([
    ['verify_email', 'Verify your email address for Gatehouse', 'verify-email'],
    ['reset_password', 'Reset your password for Gatehouse', 'reset-password'],
    ['new_device', 'New sign-in to Gatehouse', 'not-me'],
    ['password_changed', 'Your password for Gatehouse was changed', 'not-me'],
    ['refresh_token_reused', 'You were signed out of Gatehouse on one device', 'not-me'],
  ])('writes %s with its subject, and its link as a button and as text', (kind, subject, page) => {
    const mail = write(kind, INCIDENT);
    const link = `http://localhost:3000/account/${page}#token=${TOKEN}`;
    expect(mail).toMatchObject({ subject, link });
    expect(mail.text).toContain(`:\n${link}\n`);
    expect(mail.html).toContain(`<a href="${link}"`);
    expect(mail.html).toContain(`<br>${link}`);
    expect([mail.text, mail.html].join()).not.toMatch(/undefined|null|\[object/);
  });

  it('names the device, IP address and time of an incident', () => {
    const { text, html } = write('new_device', INCIDENT);
    expect(text).toContain('  Device: Chrome on macOS\n  IP address: 2001:db8::7\n  Time: 2 March 2026, 14:05 UTC\n');
    for (const fact of ['Chrome on macOS', '2001:db8::7', '2 March 2026, 14:05 UTC']) expect(html).toContain(fact);
    expect(write('new_device', { ...INCIDENT, ipAddress: null }).text).not.toContain('IP address');
  });

  it.each([
    ['1h', '1 hour'],
    ['90m', '90 minutes'],
    ['1d', '1 day'],
    ['1m', '1 minute'],
  ])('formats the lifetime of a link: %s as %s', (ttl, words) => {
    expect(write('reset_password', INCIDENT, { PASSWORD_RESET_TTL: ttl }).text).toContain(
      `works once and expires after ${words}.`,
    );
  });

  it('escapes user input in HTML', () => {
    const env = { PRODUCT_NAME: 'Tom & "Jerry"' };
    const { text, html } = write('new_device', { ...INCIDENT, device: '<img src=x onerror="a()">\'' }, env);
    expect(html).toContain('&lt;img src=x onerror=&quot;a()&quot;&gt;&#39;');
    expect(html).toContain('Tom &amp; &quot;Jerry&quot;');
    expect(html).not.toContain('<img');
    expect(text).toContain('<img src=x');
  });

  it.each([
    'Ada',
    'Ada Lovelace',
    'Dr. Ada M. King',
    'Miles O’Brien',
    "D'Arcy",
    'Jean-Luc',
    '李小龍',
    'Nguyễn Văn A',
    'علي',
  ])('greets by name: %s', (name) => {
    expect(write('verify_email', { name, token: TOKEN }).text).toMatch(new RegExp(`^Hello ${name},\n`));
  });

  it.each([
    null,
    '',
    ' ',
    'evil.example',
    'see http://evil.example',
    'Ada\nBcc',
    '<b>',
    'A 1',
    'x@y',
    'A'.repeat(41),
    'a. '.repeat(20) + '!',
  ])('greets without a name that does not look like one: %j', (name) => {
    expect(write('verify_email', { name, token: TOKEN }).text).toMatch(/^Hello,\n/);
  });
});
