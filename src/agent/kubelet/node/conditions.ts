// The node's conditions: whether it works, and what it is short of.
import type { NodeCondition } from '../../../shared/api/core/v1.ts'
import { RELAYED, relayedMessage } from '../../../shared/machinery/relayed.ts'
import type { WireguardState } from '../../network/contract.ts'

type Draft = Omit<NodeCondition, 'lastHeartbeatTime' | 'lastTransitionTime'>

const condition = (type: string, holds: boolean, yes: [string, string], no: [string, string]): Draft => {
  const [reason, message] = holds ? yes : no
  return { type, status: holds ? 'True' : 'False', reason, message }
}

/** Whether pods of some nodes are reached over the control plane only. */
const relayedCondition = (nodes: readonly string[]): Draft =>
  condition(
    RELAYED,
    nodes.length > 0,
    ['NodesNotReached', relayedMessage(nodes)],
    ['NodesReached', 'pod traffic to every node goes directly'],
  )

/** @param pressures what the node is short of, by condition; `relayed` names nodes */
export function nodeConditionsOf(
  pressures: ReadonlySet<string>,
  notReady: readonly string[],
  relayed: readonly string[],
): Draft[] {
  return [
    relayedCondition(relayed),
    condition(
      'MemoryPressure',
      pressures.has('MemoryPressure'),
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ),
    condition(
      'DiskPressure',
      pressures.has('DiskPressure'),
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ),
    condition(
      'PIDPressure',
      pressures.has('PIDPressure'),
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ),
    notReady.length === 0
      ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: `[${notReady.join(', ')}]` },
  ]
}

/** Not upstream's: its kubelets have engines whose containers always outlive them. */
export const liveRestoreCondition = ({ liveRestore }: { readonly liveRestore: boolean }): Draft =>
  condition(
    'LiveRestore',
    liveRestore,
    ['Enabled', 'containers run on while Docker restarts'],
    ['Disabled', 'every container ends when Docker restarts or is upgraded: live-restore is off in its configuration'],
  )

/** @param problem why pods have IPv4 only; undefined when they have both families */
export const ipv6Condition = (problem: string | undefined): Draft =>
  condition(
    'IPv6Unavailable',
    problem !== undefined,
    ['NotOnThisNode', `pods of this node get IPv4 only: ${problem ?? ''}`],
    ['PodsHaveBoth', 'pods get an address of each family'],
  )

export const WIREGUARD_CONDITION = 'WireGuard'

/** Of a node whose network is not up yet: what was told of it stands, as what was set up on its host does. */
export const NOT_KNOWN_YET = 'not known yet'

/**
 * @param state undefined = traffic is not to be encrypted
 * @param wasTold whether the node has the condition: it is told then that it holds no longer
 */
export function wireguardConditions(
  state: WireguardState | typeof NOT_KNOWN_YET | undefined,
  wasTold: boolean,
): Draft[] {
  if (state === NOT_KNOWN_YET) return []
  if (!state) return wasTold ? [condition(WIREGUARD_CONDITION, false, ENCRYPTED, NOT_ENCRYPTED)] : []
  const { withoutKey } = state
  const why = `pods of ${withoutKey.join(', ')} are not reached: these nodes have told no WireGuard key of their own`
  return [condition(WIREGUARD_CONDITION, withoutKey.length === 0, ENCRYPTED, ['NodesWithoutKey', why])]
}

const ENCRYPTED: [string, string] = ['PodTrafficEncrypted', 'pod traffic to other nodes goes through WireGuard']
const NOT_ENCRYPTED: [string, string] = ['NotInUse', 'pod traffic to other nodes does not go through WireGuard']

/** @param now RFC 3339 */
export function mergeConditions(drafts: readonly Draft[], old: readonly NodeCondition[], now: string): NodeCondition[] {
  const types = new Set(drafts.map(({ type }) => type))
  const mine = drafts.map(draft => {
    const before = old.find(({ type }) => type === draft.type)
    const since = before?.status === draft.status ? (before.lastTransitionTime ?? now) : now
    return { ...draft, lastHeartbeatTime: now, lastTransitionTime: since }
  })
  return [...old.filter(({ type }) => !types.has(type)), ...mine]
}
