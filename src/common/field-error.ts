/** Why a field is invalid, for clients that translate messages. `docs/api.md` lists the parameters of each code. */
export const FIELD_CODES = [
  'required',
  'unknown_field',
  'invalid_type',
  'invalid_format',
  'too_short',
  'too_long',
  'too_small',
  'too_large',
  'too_early',
  'too_late',
  'too_few_items',
  'too_many_items',
  'too_many_fields',
  'duplicate_items',
  'not_a_multiple',
  'not_one_of',
  'forbidden_value',
  'forbidden_characters',
  'too_deep',
  'easy_to_guess',
  'invalid',
] as const;

export type FieldCode = (typeof FIELD_CODES)[number];

/** The code of an invalid field with its parameters, such as `too_short` with `{ min: 8 }`. */
export interface FieldReason {
  readonly code: FieldCode;
  readonly params: Readonly<Record<string, unknown>>;
}

/** An invalid field. `pointer` is a JSON Pointer (RFC 6901) into the input, such as `/email`. */
export interface FieldError extends FieldReason {
  readonly pointer: string;
  readonly message: string;
}

/** A field error whose code is `invalid` by default. */
export type FieldErrorInput = Pick<FieldError, 'pointer' | 'message'> & Partial<FieldReason>;

export function toFieldError({ pointer, code = 'invalid', params = {}, message }: FieldErrorInput): FieldError {
  return { pointer, code, params, message };
}
