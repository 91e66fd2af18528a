import type { z } from 'zod';

export const ENVIRONMENTS = ['development', 'test', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** The variables of a group of settings. Production requires more, and has other defaults. */
type Variables = (environment: Environment) => z.core.$ZodShape;

/** The validated values of a group of variables. */
export type Values<T extends Variables> = z.output<z.ZodObject<ReturnType<T>>>;

/** The message for a variable without a value. */
export const REQUIRED_IN_PRODUCTION = 'is required in production';

/** Returns the value of `NODE_ENV`, or development. */
export function environmentOf(value: unknown): Environment {
  return value === 'production' || value === 'test' ? value : 'development';
}
