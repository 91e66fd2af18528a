import type { TestCluster } from './test-cluster.js';

declare global {
  var testCluster: TestCluster;
}
