// Why a node is not well.
import type { Node } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { humanDuration } from '../../shared/machinery/human-duration.ts'
import { nodeStatus } from '../status/object-status.ts'
import { type Explainer, because, fact } from './cause.ts'
import { warningFact } from './events.ts'
import { known, m, t } from '../i18n/i18n.ts'

const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: m('runs out of memory'),
  DiskPressure: m('runs out of disk space'),
  PIDPressure: m('runs out of process ids'),
  NetworkUnavailable: m('has no working pod network'),
}

export const explainNode: Explainer<Node> = (node, { now, world }, ref) => {
  const view = nodeStatus(node)
  const ready = conditionOf(node.status.conditions, 'Ready')
  const evidence = [...(ready?.message ? [fact(ready.message, t('condition Ready'))] : []), ...warningFact(world, node)]
  if (view.tone === 'unknown') {
    const heard = ready?.lastHeartbeatTime
    const since = heard ? ` ${t('for {time}', { time: humanDuration(now - Date.parse(heard)) })}` : ''
    return because('node-silent', ref, t('node {name} has not been heard of{since}', { name: ref.name, since }), {
      evidence,
    })
  }
  if (view.text === 'NotReady')
    return because('node-unready', ref, t('node {name} says that it is not ready', { name: ref.name }), { evidence })
  const pressure = PRESSURES[view.text]
  if (pressure) {
    const condition = conditionOf(node.status.conditions, view.text)
    return because('pressure', ref, t('node {name} {state}', { name: ref.name, state: known(pressure) }), {
      evidence: condition?.message ? [fact(condition.message, t('condition {text}', { text: view.text }))] : [],
    })
  }
  if (node.spec.unschedulable)
    return because('cordoned', ref, t('node {name} is cordoned: it takes no new pods', { name: ref.name }), {
      fixes: [
        {
          kind: 'patch',
          title: t('Uncordon it'),
          ref,
          patch: { spec: { unschedulable: null } },
          consequence: t('New pods may be placed here again.'),
        },
      ],
    })
  return undefined
}
