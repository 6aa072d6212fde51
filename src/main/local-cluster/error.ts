// What is wrong with a local cluster.

/** The message is one line for people. */
export class LocalClusterError extends Error {
  override readonly name = 'LocalClusterError'
}
