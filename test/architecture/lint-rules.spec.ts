import { ESLint } from 'eslint';

const SERVICE = 'src/users/users.service.ts';
const CONTROLLER = 'src/users/users.controller.ts';
const readsEnvironment = 'export const port = process.env;\n';
const throwsHttp =
  "import { NotFoundException } from '@nestjs/common';\n\nexport const error = new NotFoundException();\n";
const evaluates = 'export const run = (text: string): unknown => eval(text);\n';
const makesFunction = 'export const run = (text: string) => new Function(text);\n';
const makesExpression = 'export const find = (text: string) => new RegExp(text);\n';
const lines = (count: number) => 'export {};\n'.repeat(count);

const extendsPartialType =
  "import { PartialType } from '@nestjs/swagger';\n\nexport class ChangesDto extends PartialType(Object) {}\n";
/** A controller whose route has this parameter. */
const takes = (
  parameter: string,
  imports = '',
) => `import { Body, Controller, ParseArrayPipe, ParseIntPipe, Post, Query } from '@nestjs/common';
${imports}
@Controller('orders')
export class OrdersController {
  @Post()
  create(${parameter}): unknown {
    return [];
  }
}
`;
const DTO_IMPORT = "import { CreateUserDto } from './dto/create-user.dto.js';\n";
const TYPE_IMPORT = "import type { CreateUserDto } from './dto/create-user.dto.js';\n";
const INTERFACE_IMPORT = "import { Principal } from '../common/principal.js';\n";

/** The rules that a text violates in a file. */
const CASES: [what: string, file: string, text: string, rules: string[]][] = [
  ['a service may not read the environment', SERVICE, readsEnvironment, ['no-restricted-properties']],
  ['src/config/env.ts may', 'src/config/env.ts', readsEnvironment, []],
  ['a service may not throw HTTP exceptions', SERVICE, throwsHttp, ['no-restricted-imports']],
  ['a guard may', 'src/auth/jwt-auth.guard.ts', throwsHttp, []],
  ['a controller may', CONTROLLER, throwsHttp, []],
  ['PartialType is forbidden in a service', SERVICE, extendsPartialType, ['no-restricted-imports']],
  ['PartialType is forbidden in a controller', CONTROLLER, extendsPartialType, ['no-restricted-imports']],
  ['eval is forbidden', SERVICE, evaluates, ['no-eval']],
  ['new Function is forbidden', SERVICE, makesFunction, ['no-new-func']],
  ['RegExp from a variable is forbidden', SERVICE, makesExpression, ['no-restricted-syntax']],
  ['a source file may not have more than 200 lines', SERVICE, lines(201), ['max-lines']],
  ['200 lines are allowed', SERVICE, lines(200), []],
];

/** Controllers with unvalidated input. */
const UNVALIDATED: [what: string, text: string][] = [
  ['a body without a type', takes('@Body() body')],
  ['a body of the type unknown', takes('@Body() body: unknown')],
  ['a body of the type object', takes('@Body() body: object')],
  ['a body of an object type', takes('@Body() { title }: { title: string }')],
  ['a body of a Record', takes('@Body() body: Record<string, unknown>')],
  ['a body of a Partial', takes('@Body() body: Partial<CreateUserDto>', DTO_IMPORT)],
  ['a body of a union', takes('@Body() body: CreateUserDto | null', DTO_IMPORT)],
  ['a body of a local interface', takes('@Body() body: Order', 'interface Order { id: 1 }\n')],
  ['a body of a local type alias', takes('@Body() body: Order', 'type Order = object;\n')],
  ['a body of an imported interface', takes('@Body() body: Principal', INTERFACE_IMPORT)],
  ['a body of a type import', takes('@Body() body: CreateUserDto', TYPE_IMPORT)],
  ['a list of DTOs without a pipe', takes('@Body() users: CreateUserDto[]', DTO_IMPORT)],
  ['a message without a DTO', takes('@MessageBody() message: object')],
  ['a query without a DTO', takes('@Query() query: object')],
  ['a query parameter without a pipe', takes("@Query('page') page: number")],
];

const VALIDATED: [what: string, text: string][] = [
  ['a DTO class', takes('@Body() user: CreateUserDto, @Query() { name }: CreateUserDto', DTO_IMPORT)],
  ['a local DTO class', takes('@Body() order: OrderDto', 'export class OrderDto { id = 1; }\n')],
  ['ParseArrayPipe', takes('@Body(new ParseArrayPipe({ items: CreateUserDto })) users: CreateUserDto[]', DTO_IMPORT)],
  ['a query parameter with a pipe', takes("@Query('page', ParseIntPipe) page: number")],
  ['a text body', takes('@Body() text: string')],
  ['a body of bytes', takes('@Body() bytes: Buffer')],
];

describe('the lint rules', () => {
  // The texts do not use what they declare.
  const linter = new ESLint({ overrideConfig: { rules: { '@typescript-eslint/no-unused-vars': 'off' } } });

  async function rulesOf(text: string, filePath: string): Promise<(string | null)[]> {
    const results = await linter.lintText(text, { filePath });
    return results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId));
  }

  it.each(CASES)('%s', async (_, filePath, text, rules) => {
    expect(await rulesOf(text, filePath)).toEqual(rules);
  });

  it.each(UNVALIDATED)('reports unvalidated input: %s', async (_, text) => {
    expect(await rulesOf(text, CONTROLLER)).toEqual(['gatehouse/dto-class']);
  });

  it.each(VALIDATED)('accepts %s', async (_, text) => {
    expect(await rulesOf(text, CONTROLLER)).toEqual([]);
  });
});
