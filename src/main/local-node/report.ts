// Keeps what was last told of this machine as a node, and answers it to those who may ask for that path.
import { LOCAL_NODE_PATH, type LocalNodeReport } from '../../shared/machinery/local-node.ts'
import type { PathHandler } from '../apiserver/chain/router.ts'

/** `hear` takes lines of `onNodeStatus`. */
export function localNodeReport(): { hear: (line: string) => void; path: PathHandler } {
  let report: LocalNodeReport = {}
  return {
    hear(line) {
      const notJoined = /^not joined: (.*)/s.exec(line)?.[1]
      report = notJoined === undefined ? {} : { notJoined }
    },
    path: {
      path: LOCAL_NODE_PATH,
      listed: () => [],
      getOnly: () => true,
      handle: () => Promise.resolve({ code: 200, object: report }),
    },
  }
}
