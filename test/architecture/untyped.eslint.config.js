// The project's own lint rules for a text that is no file: those that need types are off, for want of a project.
import tseslint from 'typescript-eslint';
import rules from '../../eslint.config.js';

export default tseslint.config(rules, {
  files: ['**/*.ts'],
  extends: [tseslint.configs.disableTypeChecked],
  languageOptions: { parserOptions: { projectService: false } },
});
