import * as library from 'class-validator';
import { getMetadataStorage, type ValidationError } from 'class-validator';
import type { FieldReason } from '../common/field-error.js';
import { format, RULES } from './field-rules.js';

/** The names of class-validator's rules, such as `isEmail`. */
const LIBRARY_RULES: ReadonlySet<unknown> = new Set(Object.values(library).filter((name) => typeof name === 'string'));

/** Returns the code and the parameters of a violated rule. The rules of modules have the code `invalid`. */
export function reasonOf({ target, property, value }: ValidationError, rule: string): FieldReason {
  if (value === undefined && rule !== 'whitelistValidation') return { code: 'required', params: {} };
  if (!target) return { code: 'invalid', params: { rule } };
  const metadata = findRule(target, property, rule);
  const limits = metadata?.constraints ?? [];
  const explain = Object.hasOwn(RULES, rule) ? RULES[rule] : formatOf(rule);
  if (!explain) return { code: 'invalid', params: { rule } };
  if (!metadata?.each || !Array.isArray(value)) return explain(value, limits);
  const [validator] = getMetadataStorage().getTargetValidatorConstraints(metadata.constraintCls);
  const isRejected = (item: unknown) =>
    validator?.instance.validate(item, {
      value: item,
      constraints: limits,
      targetName: '',
      object: target,
      property,
    }) === false;
  const index = Math.max(value.findIndex(isRejected), 0);
  const { code, params } = explain(value[index], limits);
  return { code, params: { ...params, index } };
}

function findRule(target: object, property: string, rule: string) {
  const storage = getMetadataStorage();
  return storage
    .getTargetValidationMetadatas(target.constructor, '', false, false)
    .find((metadata) => metadata.propertyName === property && nameOf(metadata) === rule);
}

/** Returns the name under which class-validator reports a rule. `@Validate()` has the name of its class. */
function nameOf({ name, type, constraintCls }: { name?: string; type: string; constraintCls: unknown }): string {
  if (name) return name;
  const [validator] = getMetadataStorage().getTargetValidatorConstraints(constraintCls as new () => never);
  return validator?.name ?? type;
}

/** Returns the explanation of a rule like `isHexColor`, whose format is `hex_color`. */
function formatOf(rule: string) {
  const [, name] = /^is(.+)$/i.exec(rule) ?? [];
  if (name === undefined || name === 'Empty' || !LIBRARY_RULES.has(rule)) return undefined;
  return format(name.replaceAll(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase());
}
