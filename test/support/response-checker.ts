import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface HeaderDescription {
  readonly required?: boolean;
  readonly schema?: object;
}

/** Checks responses against an OpenAPI document: status, media type, schema and headers. */
export class ResponseChecker {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: OpenAPIObject) {
    addFormats.default(this.ajv);
    this.ajv.addSchema({ $id: 'document', ...(JSON.parse(JSON.stringify(document)) as object) });
  }

  /** Returns what the response violates, in words. */
  violationsOf(path: string, method: string, response: Response, text: string): string[] {
    const status = String(response.status);
    const documented = this.lookUp(['paths', path, method, 'responses', status]) as
      { content?: Record<string, object>; headers?: Record<string, { $ref?: string }> } | undefined;
    if (!documented) return [`${status} is not documented: ${text.slice(0, 300)}`];
    const pointer = ['paths', path, method, 'responses', status];
    return [
      ...this.bodyErrors(pointer, documented.content, response, text),
      ...this.headerErrors(documented.headers ?? {}, response),
    ];
  }

  private bodyErrors(pointer: string[], content: Record<string, object> | undefined, response: Response, text: string) {
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    if (!content) return text === '' ? [] : [`has a body: ${text.slice(0, 100)}`];
    if (!(type in content)) return [`${type} is not documented`];
    return this.errorsOf([...pointer, 'content', type, 'schema'], JSON.parse(text)).map(
      (error) => `${error}: ${text.slice(0, 300)}`,
    );
  }

  private headerErrors(headers: Record<string, { $ref?: string } & HeaderDescription>, response: Response): string[] {
    return Object.entries(headers).flatMap(([name, { $ref, ...own }]) => {
      const { required, schema } = ($ref ? this.lookUp($ref.split('/').slice(1)) : own) as HeaderDescription;
      const value = response.headers.get(name);
      if (value === null) return required ? [`${name} is missing`] : [];
      const isNumber = JSON.stringify(schema).includes('"integer"');
      return this.ajv.validate(schema ?? {}, isNumber ? Number(value) : value) ? [] : [`${name} is ${value}`];
    });
  }

  private errorsOf(pointer: readonly string[], value: unknown): string[] {
    const ref = `document#/${pointer.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    const validate = this.validators.get(ref) ?? this.ajv.compile({ $ref: ref });
    this.validators.set(ref, validate);
    return validate(value)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  private lookUp(keys: readonly string[]): unknown {
    return keys.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], this.document);
  }
}
