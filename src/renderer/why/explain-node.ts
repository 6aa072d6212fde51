// Why a node is not well.
import type { Node } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { humanDuration } from '../../shared/machinery/human-duration.ts'
import { nodeStatus } from '../status/object-status.ts'
import { type Explainer, because, fact } from './cause.ts'
import { warningFact } from './events.ts'

const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: 'runs out of memory',
  DiskPressure: 'runs out of disk space',
  PIDPressure: 'runs out of process ids',
  NetworkUnavailable: 'has no working pod network',
}

export const explainNode: Explainer<Node> = (node, { now, world }, ref) => {
  const view = nodeStatus(node)
  const ready = conditionOf(node.status.conditions, 'Ready')
  const evidence = [...(ready?.message ? [fact(ready.message, 'condition Ready')] : []), ...warningFact(world, node)]
  if (view.tone === 'unknown') {
    const heard = ready?.lastHeartbeatTime
    const since = heard ? ` for ${humanDuration(now - Date.parse(heard))}` : ''
    return because('node-silent', ref, `node ${ref.name} has not been heard of${since}`, {
      evidence,
      fixes: [{ kind: 'open', title: 'Open the node', ref }],
    })
  }
  if (view.text === 'NotReady')
    return because('node-unready', ref, `node ${ref.name} says that it is not ready`, { evidence })
  const pressure = PRESSURES[view.text]
  if (pressure) {
    const condition = conditionOf(node.status.conditions, view.text)
    return because('pressure', ref, `node ${ref.name} ${pressure}`, {
      evidence: condition?.message ? [fact(condition.message, `condition ${view.text}`)] : [],
    })
  }
  if (node.spec.unschedulable)
    return because('cordoned', ref, `node ${ref.name} is cordoned: it takes no new pods`, {
      fixes: [
        {
          kind: 'patch',
          title: 'Uncordon it',
          ref,
          patch: { spec: { unschedulable: null } },
          consequence: 'New pods may be placed here again.',
        },
      ],
    })
  return undefined
}
