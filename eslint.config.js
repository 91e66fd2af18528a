import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';
import { dtoClass } from './eslint.rules.js';

const HTTP_EXCEPTIONS = {
  group: ['@nestjs/common'],
  importNamePattern: 'Exception$',
  message: 'Only controllers, guards, pipes, interceptors and filters may throw HTTP exceptions. Throw a DomainError.',
};

const PARTIAL_TYPE = {
  group: ['@nestjs/swagger', '@nestjs/mapped-types'],
  importNames: ['PartialType'],
  message: 'PartialType accepts null and applies default values. Use PartialType from src/http/partial-type.ts.',
};

/** The rules that need no types. oxlint runs those that do, 20 times faster: see `.oxlintrc.json`. */
export default configure({ isTyped: false });

/** @param {{ isTyped: boolean }} options `isTyped` adds the rules that need types */
export function configure({ isTyped }) {
  return tseslint.config(
    {
      ignores: [
        '**/dist',
        'clients/typescript/src/schema.ts',
        'coverage',
        '.data',
        'test/architecture/typed-rules/violations.ts',
      ],
    },
    eslint.configs.recommended,
    tseslint.configs.strictTypeChecked,
    tseslint.configs.stylisticTypeChecked,
    {
      languageOptions: {
        parserOptions: {
          ...(isTyped && { projectService: true, tsconfigRootDir: import.meta.dirname }),
          // As in tsconfig.json: an import that a decorator needs at run time is not a type import.
          emitDecoratorMetadata: true,
          experimentalDecorators: true,
        },
      },
      linterOptions: { reportUnusedDisableDirectives: 'error' },
      rules: {
        eqeqeq: 'error',
        'max-lines': ['error', { max: 200 }],
        'no-console': 'error',
        'no-eval': 'error',
        'no-new-func': 'error',
        'no-restricted-properties': [
          'error',
          {
            object: 'process',
            property: 'env',
            message: 'Inject ConfigService, or read the environment in a *.config.ts.',
          },
        ],
        '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
        '@typescript-eslint/explicit-module-boundary-types': 'off',
        // The types of Express are extended by interfaces in a namespace.
        '@typescript-eslint/no-namespace': ['error', { allowDeclarations: true }],
        '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
        '@typescript-eslint/no-extraneous-class': [
          'error',
          { allowWithDecorator: true, allowStaticOnly: true, allowEmpty: true },
        ],
        '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
        '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
        '@typescript-eslint/switch-exhaustiveness-check': 'error',
        '@typescript-eslint/no-confusing-void-expression': [
          'error',
          { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
        ],
        // Decorators read the declared types of properties.
        '@typescript-eslint/no-inferrable-types': ['error', { ignoreProperties: true }],
        '@typescript-eslint/no-invalid-void-type': ['error', { allowAsThisParameter: true }],
        '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
        // Responses are plain objects in the shape of a DTO class. Spreading a string counts its code points.
        '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
        '@typescript-eslint/no-misused-spread': 'off',
      },
    },
    {
      files: ['src/**'],
      ignores: ['**/*{.,-}spec.ts'],
      plugins: { gatehouse: { rules: { 'dto-class': dtoClass } } },
      rules: {
        'gatehouse/dto-class': 'error',
        'no-restricted-imports': ['error', { patterns: [PARTIAL_TYPE] }],
        'no-restricted-syntax': [
          'error',
          {
            selector: ':matches(NewExpression, CallExpression)[callee.name="RegExp"]',
            message: 'Write the pattern as a literal, because input must not control it.',
          },
        ],
      },
    },
    // The modules of teams may throw HTTP exceptions anywhere, as Nest's documentation does.
    {
      files: ['src/{auth,sessions,users,health,platform,common}/**'],
      ignores: ['**/*.{spec,controller,guard,pipe,interceptor,filter}.ts'],
      rules: { 'no-restricted-imports': ['error', { patterns: [HTTP_EXCEPTIONS, PARTIAL_TYPE] }] },
    },
    { files: ['src/common/domain.error.ts', 'src/http/partial-type.ts'], rules: { 'no-restricted-imports': 'off' } },
    // `registerAs` in a module's `notes.config.ts` reads the environment, as Nest's documentation teaches.
    { files: ['src/config/env.ts', 'src/**/*.config.ts'], rules: { 'no-restricted-properties': 'off' } },
    // Programs and tests that people run in a terminal.
    {
      files: ['src/main.ts', 'src/cli/**', 'scripts/**', 'schematics/**', 'bench/**', 'test/**', '*.config.js'],
      rules: { 'no-console': 'off', 'no-restricted-properties': 'off' },
    },
    {
      files: ['**/*.js'],
      extends: [tseslint.configs.disableTypeChecked],
      languageOptions: {
        globals: {
          process: 'readonly',
          AbortController: 'readonly',
          AbortSignal: 'readonly',
          console: 'readonly',
          URL: 'readonly',
          fetch: 'readonly',
          setTimeout: 'readonly',
          clearTimeout: 'readonly',
          setInterval: 'readonly',
          clearInterval: 'readonly',
          setImmediate: 'readonly',
          performance: 'readonly',
          Buffer: 'readonly',
        },
      },
      rules: { 'max-lines': ['error', { max: 300 }] },
    },
    {
      files: ['public/**/*.js'],
      languageOptions: {
        globals: {
          document: 'readonly',
          FormData: 'readonly',
          history: 'readonly',
          location: 'readonly',
          URLSearchParams: 'readonly',
        },
      },
    },
    {
      files: ['**/*{.,-}spec.ts', 'test/**/*.ts'],
      extends: [jest.configs['flat/recommended']],
      rules: {
        'max-lines': ['error', { max: 400 }],
        'jest/expect-expect': ['error', { assertFunctionNames: ['expect*', '**.expect'] }],
        '@typescript-eslint/no-unsafe-assignment': 'off',
        '@typescript-eslint/no-unsafe-member-access': 'off',
        '@typescript-eslint/no-unsafe-call': 'off',
        '@typescript-eslint/no-unsafe-argument': 'off',
      },
    },
    isTyped ? [] : { rules: { ...tseslint.configs.disableTypeChecked.rules } },
    prettier,
  );
}
