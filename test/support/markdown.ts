/** A table of a Markdown document, with the headings above it. */
export interface MarkdownTable {
  readonly headings: readonly string[];
  /** The cells of each row by column name. */
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** Returns the tables of a document in order. Rows are lines that start with a bar. */
export function readTables(markdown: string): MarkdownTable[] {
  const tables: { headings: string[]; lines: string[][] }[] = [];
  const headings: string[] = [];
  let isInside = false;
  for (const line of markdown.split('\n')) {
    const [, marks = '', title = ''] = /^(#+) (.*)$/.exec(line) ?? [];
    if (marks) headings.splice(marks.length - 1, Infinity, title);
    const isRow = line.startsWith('|');
    if (isRow && !isInside) tables.push({ headings: [...headings], lines: [] });
    if (isRow) tables.at(-1)?.lines.push(cellsOf(line));
    isInside = isRow;
  }
  return tables.map(({ headings, lines: [names = [], , ...rows] }) => ({
    headings,
    rows: rows.map((cells) => Object.fromEntries(names.map((name, column) => [name, cells[column] ?? '']))),
  }));
}

/** Returns the contents of the fenced code blocks in a language, in order. */
export function readFences(markdown: string, language: string): string[] {
  const fences = markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'));
  return [...fences].map(([, text = '']) => text);
}

/** Returns the contents of the code spans of a text. */
export function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'));
}
