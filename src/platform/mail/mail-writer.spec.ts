import { parseEnvironment } from '../../config/env.js';
import { defineMail, type MailDefinition } from './define-mail.js';
import type { OutgoingMail } from './mail.js';
import { MailWriter } from './mail-writer.js';

const PLAIN = defineMail('test_plain', ({ productName }) => ({ subject: productName, paragraphs: ['One.', 'Two.'] }));

const ORDER = defineMail('test_order', (_, { id, item }: { id: number; item: string }) => ({
  subject: 'Your order',
  paragraphs: [`It contains ${item}.`],
  facts: [['Item', item]],
  action: { label: 'View it', path: `/orders/${id}` },
  closing: 'See you.',
}));

function write<Contents>(
  { kind }: Pick<MailDefinition<Contents>, 'kind'>,
  contents: Contents,
  { name = null as string | null, env = {} } = {},
): OutgoingMail {
  const row = { id: 'id', kind, recipient: 'ada@example.com', createdAt: new Date() };
  return new MailWriter(parseEnvironment(env)).write(row, { ...contents, recipientName: name });
}

describe('MailWriter', () => {
  it('writes a mail without a link', () => {
    const { subject, link, text, html } = write(PLAIN, {});
    expect({ subject, link, text }).toEqual({
      subject: 'Gatehouse',
      link: null,
      text: 'Hello,\n\nOne.\n\nTwo.\n\n-- \nGatehouse',
    });
    expect(html).not.toMatch(/<a |<table|button|undefined/);
  });

  it('writes a link to a path below PUBLIC_URL, as a button and as text', () => {
    const env = { PUBLIC_URL: 'https://acme.example/shop/' };
    const { link, text, html } = write(ORDER, { id: 17, item: 'a lamp' }, { env });
    expect(link).toBe('https://acme.example/shop/orders/17');
    expect(text).toContain('View it:\nhttps://acme.example/shop/orders/17\n\nSee you.');
    expect(html).toContain('<a href="https://acme.example/shop/orders/17"');
    expect(html).toContain('<br>https://acme.example/shop/orders/17');
  });

  it('escapes contents in HTML', () => {
    const env = { PRODUCT_NAME: 'Tom & "Jerry"' };
    const { text, html } = write(ORDER, { id: 1, item: '<img src=x onerror="a()">\'' }, { env });
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
    expect(write(PLAIN, {}, { name }).text).toMatch(new RegExp(`^Hello ${name},\n`));
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
    expect(write(PLAIN, {}, { name }).text).toMatch(/^Hello,\n/);
  });

  it('throws for a kind that no module defines', () => {
    expect(() => write({ kind: 'toString' }, {})).toThrow('No module defines the mail kind toString.');
  });
});

describe('defineMail', () => {
  const text = () => ({ subject: '', paragraphs: [] });

  it('rejects a kind that is defined twice', () => {
    expect(() => defineMail('test_plain', text)).toThrow('The mail kind test_plain is defined twice.');
  });

  it.each(['', 'orderShipped', 'order-shipped', '../mail', '__proto__'])('rejects the kind %j', (kind) => {
    expect(() => defineMail(kind, text)).toThrow('in snake_case, such as order_shipped');
  });

  it('accepts only contents that JSON stores unchanged', () => {
    const write = (_: unknown, { at }: { at: Date }) => ({ subject: at.toISOString(), paragraphs: [] });
    // @ts-expect-error: the mail would get a string, so this does not compile.
    expect(defineMail('test_date', write).kind).toBe('test_date');
  });
});
