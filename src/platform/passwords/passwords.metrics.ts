import { defineHistogram } from '../../common/metrics.js';

export const threadTaskSeconds = defineHistogram(
  {
    name: 'gatehouse_thread_task_duration_seconds',
    help: 'Duration of password hashing and strength checks, with their wait in the queue.',
    labels: { pool: ['password-hash.worker', 'password-strength.worker'] },
  },
  [0.1, 0.25, 0.5, 1, 2, 5, 10, 20],
);
