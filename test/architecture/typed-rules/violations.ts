// Breaks each typed lint rule. The comment above a line names the rules that the line breaks.
declare const promise: Promise<number>;
declare const anything: any;
declare const text: string;
declare const textOrNull: string | null;
declare const list: string[];
declare const counted: number[];
declare const flag: boolean;
declare const size: { width?: { value: number } | null };
declare const color: 'red' | 'green';
declare const level: Level;
declare const record: { known: number };
declare const counter: Counter;
declare function take(value: string): void;
// no-unnecessary-type-parameters
declare function defaulted<T = string>(): T;

enum Level {
  Low = 1,
  High = 2,
}
enum Mixed {
  One = 1,
  // no-mixed-enums
  Two = 'two',
}
/** @deprecated */
declare const old: number;

class Counter {
  private total = 0;
  // related-getter-setter-pairs
  get count(): string {
    return String(this.total);
  }
  set count(value: number) {
    this.total = value;
  }
  method(): number {
    return this.total;
  }
  // prefer-return-this-type
  self(): Counter {
    return this;
  }
}

export async function breakEachRule(): Promise<unknown[]> {
  // await-thenable
  await text;
  // dot-notation
  record['known'];
  // no-array-delete
  delete list[0];
  // no-base-to-string
  String(record);
  // no-confusing-void-expression
  const nothing = console.log(text);
  // no-deprecated
  console.log(old);
  // no-floating-promises
  promise.then(console.log);
  // no-for-in-array
  for (const index in list) console.log(index);
  // no-implied-eval
  new Function('return 1');
  // no-confusing-void-expression, no-meaningless-void-operator
  void take(text);
  // no-misused-promises
  list.forEach(async () => await promise);
  // no-unnecessary-boolean-literal-compare
  if (flag === true) console.log(text);
  // no-unnecessary-condition
  if (record) take(text);
  // no-unnecessary-template-expression
  console.log(`${text}`);
  // no-unnecessary-type-arguments
  defaulted<string>();
  // no-unnecessary-type-assertion
  console.log(text as string);
  // no-unnecessary-type-conversion
  console.log(String(text));
  // no-unsafe-argument
  take(anything);
  // no-unsafe-assignment
  const copy: string = anything;
  // no-unsafe-call
  anything();
  // no-unsafe-enum-comparison
  if (level === 2) console.log(text);
  // no-unsafe-member-access
  console.log(anything.member);
  // no-unsafe-unary-minus
  console.log(-(text as never as number | string));
  // non-nullable-type-assertion-style
  take(textOrNull as string);
  // prefer-find
  console.log(list.filter((item) => item === text)[0]);
  // prefer-includes
  console.log(list.indexOf(text) !== -1);
  // prefer-nullish-coalescing
  console.log(size.width || { value: 1 });
  // prefer-optional-chain
  console.log(size.width && size.width.value);
  // prefer-promise-reject-errors
  void Promise.reject(text);
  // prefer-reduce-type-parameter
  list.reduce((all, item) => ((all[item] = item), all), {} as Record<string, string>);
  // prefer-regexp-exec
  text.match(/x/);
  // prefer-string-starts-ends-with
  console.log(text[0] === 'a');
  // restrict-plus-operands
  console.log(text + counted.length);
  // restrict-template-expressions
  console.log(`${list}`);
  // unbound-method
  console.log(counter.method);
  // use-unknown-in-catch-callback-variable
  void promise.catch((error) => console.log(error));
  // switch-exhaustiveness-check
  switch (color) {
    case 'red':
      break;
  }
  return [nothing, copy, Mixed.One];
}

// require-await
export async function neverAwaits(): Promise<void> {
  take(text);
}

export async function returnsWithoutAwaiting(): Promise<number> {
  try {
    await promise;
    // return-await
    return promise;
  } catch {
    // only-throw-error
    throw text;
  }
}

export function unsafeReturn(): string {
  // no-unsafe-return
  return anything;
}

export function unsafeEnum(): Level {
  // no-unsafe-enum-assignment
  const assigned: Level = 5 as number;
  return assigned;
}

// no-useless-default-assignment
export const withDefault = ({ known = 1 }: { known: number }): number => known;

// no-duplicate-type-constituents
export type Twice = string | string;
// no-redundant-type-constituents
export type Redundant = string | unknown;
// no-generated-empty-object-type
export type Empty = Omit<{ only: string }, 'only'>;
