import { readdirSync } from 'node:fs';

type Entity = new () => object;

/** The classes in every `*.entity` file. The application and the migrations use this list. */
export const entities: Entity[] = [];

for (const file of readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })) {
  if (!/\.entity\.[jt]s$/.test(file)) continue;
  const module = (await import(`./${file}`)) as Record<string, unknown>;
  entities.push(...Object.values(module).filter((value): value is Entity => typeof value === 'function'));
}
