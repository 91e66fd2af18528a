// All rules in ESLint, for npm run lint:typed. It takes minutes, and npm run lint checks the same rules.
import { configure } from './eslint.config.js';

export default configure({ isTyped: true });
