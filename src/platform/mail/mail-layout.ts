import { escapeHtml } from '../../common/html.js';
import type { MailText } from './define-mail.js';

export interface MailParts extends Omit<MailText, 'action'> {
  readonly name: string | null;
  readonly button: { readonly label: string; readonly link: string } | null;
  readonly productName: string;
}

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const BUTTON =
  'display:inline-block;padding:12px 20px;border-radius:6px;background:#1d4ed8;color:#ffffff;' +
  'font-weight:600;text-decoration:none';
const SMALL = 'font-size:13px;opacity:.75';

/** Returns the plain text of a mail. */
export function renderText({ name, paragraphs, facts = [], button, closing, productName }: MailParts): string {
  return [
    greeting(name),
    ...paragraphs,
    ...(facts.length > 0 ? [facts.map(([label, value]) => `  ${label}: ${value}`).join('\n')] : []),
    ...(button ? [`${button.label}:\n${button.link}`] : []),
    ...(closing === undefined ? [] : [closing]),
    `-- \n${productName}`,
  ].join('\n\n');
}

/**
 * Returns the HTML of a mail. Its styles are inline, because many mail programs ignore all others. It sets no text or
 * background color, so that dark mode works.
 */
export function renderHtml(parts: MailParts): string {
  const { subject, name, paragraphs, facts = [], button, closing, productName } = parts;
  const body = [
    ...[greeting(name), ...paragraphs].map((text) => paragraph(escapeHtml(text))),
    ...(facts.length > 0 ? [factTable(facts)] : []),
    ...(button ? [paragraph(anchor(button.label, button.link))] : []),
    ...(closing === undefined ? [] : [paragraph(escapeHtml(closing))]),
    ...(button ? [paragraph(fallback(button.link), `${SMALL};word-break:break-all`)] : []),
    paragraph(escapeHtml(productName), SMALL),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(subject)}</title>
</head>
<body style="margin:0;padding:24px;${FONT};font-size:16px;line-height:1.5">
<div style="max-width:520px;margin:0 auto">
${body.join('\n')}
</div>
</body>
</html>
`;
}

function greeting(name: string | null): string {
  return name === null ? 'Hello,' : `Hello ${name},`;
}

function anchor(label: string, link: string): string {
  return `<a href="${escapeHtml(link)}" style="${BUTTON}">${escapeHtml(label)}</a>`;
}

function fallback(link: string): string {
  return `If the button does not work, open this link:<br>${escapeHtml(link)}`;
}

function paragraph(html: string, style = ''): string {
  return `<p style="margin:0 0 16px${style && `;${style}`}">${html}</p>`;
}

function factTable(facts: readonly (readonly [string, string])[]): string {
  const rows = facts.map(
    ([label, value]) =>
      `<tr><th scope="row" align="left" style="padding:2px 16px 2px 0;font-weight:600">${escapeHtml(label)}</th>` +
      `<td style="padding:2px 0">${escapeHtml(value)}</td></tr>`,
  );
  return `<table style="margin:0 0 16px;border-collapse:collapse;font-size:16px">${rows.join('')}</table>`;
}
