// Lint rules of this repository.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const INPUTS = ['Body', 'Query', 'MessageBody', 'Payload'];

/** @import { TSESLint, TSESTree } from '@typescript-eslint/utils' */

/**
 * Requires a DTO class or a pipe for each parameter with `@Body()`, `@Query()`, `@MessageBody()` or `@Payload()`.
 *
 * @type {TSESLint.RuleModule<'dto' | 'erased'>}
 */
export const dtoClass = {
  defaultOptions: [],
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      dto: 'Declare a DTO class or pass a pipe. Otherwise this input is not validated and may have unknown fields.',
      erased:
        '{{name}} is not a class at run time, so this input is not validated. Import a DTO class, without "type".',
    },
  },
  create(context) {
    return {
      Decorator({ expression, parent }) {
        if (expression.type !== 'CallExpression' || expression.callee.type !== 'Identifier') return;
        const { arguments: args, callee } = expression;
        if (!INPUTS.includes(callee.name) || args.some(({ type }) => type !== 'Literal')) return;
        const parameter = parent.type === 'AssignmentPattern' ? parent.left : parent;
        const annotation = 'typeAnnotation' in parameter ? parameter.typeAnnotation : undefined;
        const type = annotation?.type === 'TSTypeAnnotation' ? annotation.typeAnnotation : undefined;
        const name = type && context.sourceCode.getText(type);
        // `StrictValidationPipe` checks that the body is text or bytes.
        if (callee.name !== 'Query' && args.length === 0 && (name === 'string' || name === 'Buffer')) return;
        if (args.length > 0 || type?.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier')
          context.report({ node: parameter, messageId: 'dto' });
        else if (!isClass(type.typeName.name, context))
          context.report({ node: parameter, messageId: 'erased', data: { name: type.typeName.name } });
      },
    };
  },
};

/**
 * Returns whether a name in a file is a class at run time.
 *
 * @param {string} name
 * @param {Pick<TSESLint.RuleContext<string, unknown[]>, 'sourceCode' | 'filename'>} context
 */
function isClass(name, { sourceCode, filename }) {
  for (const statement of sourceCode.ast.body) {
    if (statement.type === 'ImportDeclaration') {
      const specifier = statement.specifiers.find(({ local }) => local.name === name);
      if (specifier) return !isTypeImport(statement, specifier) && !isTypeIn(fileOf(statement, filename), name);
    } else {
      const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (declaration?.type === 'ClassDeclaration' && declaration.id?.name === name) return true;
    }
  }
  return false;
}

/**
 * @param {TSESTree.ImportDeclaration} statement
 * @param {TSESTree.ImportClause} specifier
 */
function isTypeImport(statement, specifier) {
  return statement.importKind === 'type' || ('importKind' in specifier && specifier.importKind === 'type');
}

/**
 * @param {TSESTree.ImportDeclaration} statement
 * @param {string} filename
 */
function fileOf({ source }, filename) {
  return join(dirname(filename), source.value.replace(/\.js$/, '.ts'));
}

/**
 * Returns whether a file exports an interface or a type alias of this name. Packages are not checked.
 *
 * @param {string} file
 * @param {string} name
 */
function isTypeIn(file, name) {
  return existsSync(file) && new RegExp(`^export (interface|type) ${name}\\b`, 'm').test(readFileSync(file, 'utf8'));
}
