// The kubelet's own last word on a pod that was bound to its node: what cannot run here is failed at once, with a reason.
import { SYSTEM_CRITICAL } from '../../../shared/machinery/priority.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'
import { hostPortsOf, portsConflict } from '../../../shared/machinery/host-ports.ts'
import { matchesNodeSelector } from '../../../shared/machinery/node-selector.ts'
import { allContainers } from '../spec/containers.ts'
import { shortageOf } from './fit.ts'
import { forbiddenSysctl } from './sysctls.ts'

const MEMORY_TAINT = 'node.kubernetes.io/memory-pressure'

export interface Rejection {
  readonly reason: string
  readonly message: string
  /** Nothing else is against the pod: there would be room if others went. */
  readonly isShortage?: boolean
}

export interface NodeFacts {
  readonly name: string
  /** Undefined while the Node object is not known. */
  readonly labels: Readonly<Record<string, string>> | undefined
  /** Nothing new is taken. */
  readonly isShuttingDown: boolean
  /** Conditions such as `MemoryPressure` that hold. */
  readonly pressures: ReadonlySet<string>
  /** Whether the kernel enforces AppArmor profiles. */
  readonly appArmor: boolean
  readonly allocatable: Readonly<Record<string, string>>
}

/** @param others pods that run here already, those that are over left out */
export function rejectionOf(pod: Pod, others: readonly Pod[], node: NodeFacts): Rejection | undefined {
  if (node.isShuttingDown) return { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' }
  const sysctl = forbiddenSysctl(pod)
  if (sysctl) return { reason: 'SysctlForbidden', message: sysctl }
  if (!node.appArmor && wantsAppArmor(pod))
    return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' }
  if (pod.spec.os && pod.spec.os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: 'Failed to admit pod as the OS field does not match node OS' }
  if (node.labels && !matchesNode(pod, node.name, node.labels))
    return {
      reason: 'NodeAffinity',
      message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    }
  if (wantsTakenPort(pod, others))
    return {
      reason: 'NodePorts',
      message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    }
  const pressure = pressureAgainst(pod, node.pressures)
  if (pressure) return { reason: 'Evicted', message: `The node had condition: [${pressure}]. ` }
  const shortage = shortageOf(pod, others, node.allocatable)
  return shortage && { reason: `OutOf${shortage.resource}`, message: shortage.message, isShortage: true }
}

/** Under memory pressure the node still takes pods that said what they need, or that tolerate it. */
function pressureAgainst(pod: Pod, pressures: ReadonlySet<string>): string | undefined {
  if (pressures.size === 0 || (pod.spec.priority ?? 0) >= SYSTEM_CRITICAL) return undefined
  const [only, ...more] = pressures
  if (only !== 'MemoryPressure' || more.length > 0) return [...pressures].join(' ')
  const tolerates = (pod.spec.tolerations ?? []).some(
    ({ key, operator, effect }) =>
      (key === MEMORY_TAINT || (key === undefined && operator === 'Exists')) && (!effect || effect === 'NoSchedule'),
  )
  return pod.status.qosClass !== 'BestEffort' || tolerates ? undefined : only
}

const wantsAppArmor = (pod: Pod): boolean =>
  [pod.spec, ...allContainers(pod)].some(({ securityContext }) => {
    const type = securityContext?.appArmorProfile?.type
    return type !== undefined && type !== 'Unconfined'
  })

function wantsTakenPort(pod: Pod, others: readonly Pod[]): boolean {
  const wanted = hostPortsOf(pod.spec)
  if (wanted.length === 0) return false
  const taken = others.flatMap(({ spec }) => hostPortsOf(spec))
  return wanted.some(port => taken.some(other => portsConflict(port, other)))
}

function matchesNode({ spec }: Pod, name: string, labels: Readonly<Record<string, string>>): boolean {
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return selected && (!required || matchesNodeSelector(required, { metadata: { name, labels } }))
}
