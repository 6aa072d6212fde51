// Why a node is not well.
import type { Node } from '../../shared/api/core/v1.ts'
import { Host } from '../../shared/api/flotilla/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { humanDuration } from '../../shared/machinery/human-duration.ts'
import { connectionStatus } from '../hosts/host-status.ts'
import { nodeStatus } from '../status/object-status.ts'
import { stateText } from '../status/own-words.ts'
import type { World } from '../world/world.ts'
import { type Evidence, type Explainer, type Fix, because, fact } from './cause.ts'
import { warningFact } from './events.ts'
import { known, m, t } from '../i18n/i18n.ts'

const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: m('runs out of memory'),
  DiskPressure: m('runs out of disk space'),
  PIDPressure: m('runs out of process ids'),
  NetworkUnavailable: m('has no working pod network'),
}

/**
 * The machine that it came from over SSH: what is told of its connection, and the place where it is mended. Of others
 * that nobody reaches from here, where to look.
 */
function ofHost(world: World, node: string): { readonly evidence: Evidence[]; readonly fixes: Fix[] } {
  const host = world.all(Host).find(({ status }) => status.nodeName === node)
  if (!host) {
    const look = t(
      'see whether the machine is on and reaches the API server, and what its agent writes: systemctl status flotilla-agent and journalctl -u flotilla-agent, or the same of kubelet',
    )
    return { evidence: [fact(look, t('by hand, on {node}', { node }))], fixes: [] }
  }
  const { name } = host.metadata
  const { tone, text, reason } = connectionStatus(host)
  return {
    evidence: [
      fact(
        tone === 'healthy'
          ? t('the machine is reached: its agent does not run, or not well')
          : (reason ?? stateText(text)),
        t('connection to host {name}', { name }),
      ),
    ],
    fixes: [{ kind: 'host', title: t('Look at host {name}', { name }), name }],
  }
}

export const explainNode: Explainer<Node> = (node, { now, world }, ref) => {
  const host = ofHost(world, ref.name)
  const view = nodeStatus(node)
  const ready = conditionOf(node.status.conditions, 'Ready')
  const evidence = [
    ...(ready?.message ? [fact(ready.message, t('condition Ready'))] : []),
    ...host.evidence,
    ...warningFact(world, node),
  ]
  const { fixes } = host
  if (view.tone === 'unknown') {
    const heard = ready?.lastHeartbeatTime
    const since = heard ? ` ${t('for {time}', { time: humanDuration(now - Date.parse(heard)) })}` : ''
    return because('node-silent', ref, t('node {name} has not been heard of{since}', { name: ref.name, since }), {
      evidence,
      fixes,
    })
  }
  if (view.text === 'NotReady')
    return because('node-unready', ref, t('node {name} says that it is not ready', { name: ref.name }), {
      evidence,
      fixes,
    })
  const pressure = PRESSURES[view.text]
  if (pressure) {
    const condition = conditionOf(node.status.conditions, view.text)
    const code = view.text === 'NetworkUnavailable' ? 'node-network' : 'pressure'
    return because(code, ref, t('node {name} {state}', { name: ref.name, state: known(pressure) }), {
      evidence: condition?.message ? [fact(condition.message, t('condition {text}', { text: view.text }))] : [],
      // What pods take goes elsewhere; what lies on the machine besides is looked at there.
      fixes: [
        { kind: 'drain', title: t('Drain it'), node: ref.name },
        { kind: 'open', title: t('See its pods and images'), ref },
        ...host.fixes,
      ],
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
