import { rm } from 'node:fs/promises';

export default async function tearDown() {
  await globalThis.stopTestCluster();
  await rm(globalThis.testFolder, { recursive: true, force: true });
}
