/** A table of a Markdown document, below the headings that lead to it. */
export interface MarkdownTable {
  readonly headings: readonly string[];
  /** Each row by the names of the columns. */
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** Every table of a document, in its order. Rows are lines that begin with a bar. */
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

/** What stands in the fenced blocks of a document that are written in this language, in its order. */
export function readFences(markdown: string, language: string): string[] {
  const fences = markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'));
  return [...fences].map(([, text = '']) => text);
}

/** What stands in code spans of a text. */
export function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'));
}
