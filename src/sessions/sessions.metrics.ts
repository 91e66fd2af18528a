import { defineCounter, defineHistogram } from '../common/metrics.js';
import { REVOCATION_REASONS } from './revocation.js';

export const lookupBatchSize = defineHistogram(
  { name: 'gatehouse_session_lookup_batch_size', help: 'Requests per session lookup.' },
  [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
);

export const revocations = defineCounter({
  name: 'gatehouse_session_revocations_total',
  help: 'Revoked sessions, by reason.',
  labels: { reason: REVOCATION_REASONS },
});
