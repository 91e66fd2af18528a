import { readFileSync } from 'node:fs';

export const ALERTS = 'docs/operations/alerts.yml';

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Returns the queries of the dashboard, with the title of their panel. */
export function dashboardQueries(): { readonly title: string; readonly query: string }[] {
  const { panels } = JSON.parse(readFileSync('docs/operations/dashboard.json', 'utf8')) as { panels: Panel[] };
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, query: expr })));
}

/** Returns the expressions of the alert rules. */
export function alertQueries(): string[] {
  const text = readFileSync(ALERTS, 'utf8');
  return [...text.matchAll(/^ +expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)/gm)].map(([, block, line]) => block ?? line ?? '');
}
