declare global {
  var stopTestCluster: () => Promise<void>;
  var testFolder: string;
}

export {};
