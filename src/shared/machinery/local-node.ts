// What the control plane says of its own machine as a node, at LOCAL_NODE_PATH: for `flotilla status` and the window.
export const LOCAL_NODE_PATH = '/flotilla/local-node'

export interface LocalNodeReport {
  /** Why that machine is no node; undefined where it is one, or is about to be. */
  readonly notJoined?: string
}
