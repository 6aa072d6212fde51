// The pods of a node.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { Index } from '../../../shared/client/lister.ts'

export const podsByNode: Index<Pod> = {
  name: 'nodeName',
  values: pod => (pod.spec.nodeName ? [pod.spec.nodeName] : []),
}
