import { ensureBuilt } from '../../scripts/build.js';
import { serveTestCluster } from './test-cluster.js';

export default async function setUp() {
  await ensureBuilt();
  globalThis.testCluster = await serveTestCluster();
  process.env['TEST_CLUSTER_PORT'] = String(globalThis.testCluster.port);
}
