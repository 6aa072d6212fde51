// NodeResourcesFit: the pod's requests must fit into what the node has left; prefers nodes with more left.
import type { Pod } from '../../../../shared/api/core/v1.ts'
import type { NodeInfo } from '../../cache/node-info.ts'
import { type PodInfo, addResources, noResources, podInfoOf, signResources } from '../../cache/pod-info.ts'
import type { PluginArgs } from '../../config/plugin-args.ts'
import { type ClusterEvent, nodeNameOf, on } from '../../framework/cluster-event.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import type { ClusterView } from '../../framework/cluster-view.ts'
import type { Listers } from '../../framework/listers.ts'
import { classOfResource } from '../../../../shared/machinery/extended-devices.ts'
import { guestsBefore } from '../../framework/run-plugins.ts'
import { type Status, success, unresolvable, unschedulable } from '../../framework/status.ts'
import { resourceScorer } from './resource-scores.ts'

export interface Shortage {
  readonly resource: string
  readonly requested: number
  readonly used: number
  readonly capacity: number
}

const NONE: readonly Shortage[] = []

/** What is asked of a node: its size, and what pods on it take. */
type Room = Pick<NodeInfo, 'allocatable' | 'requested' | 'allowedPods'> & { readonly pods: { readonly size: number } }

/** Whether nothing is missing: the common case, told without making anything. */
function fits({ requests }: PodInfo, { allocatable, requested, pods, allowedPods }: Room): boolean {
  if (pods.size + 1 > allowedPods || requests.scalar.size > 0) return false
  const { cpuMilli, memoryBytes, ephemeralStorageBytes } = requests
  return (
    (cpuMilli === 0 || cpuMilli <= allocatable.cpuMilli - requested.cpuMilli) &&
    (memoryBytes === 0 || memoryBytes <= allocatable.memoryBytes - requested.memoryBytes) &&
    (ephemeralStorageBytes === 0 ||
      ephemeralStorageBytes <= allocatable.ephemeralStorageBytes - requested.ephemeralStorageBytes)
  )
}

/** What is missing on the node, one entry a resource. */
export function shortages({ requests }: PodInfo, node: Room): Shortage[] {
  const found: Shortage[] = []
  const { allocatable, requested, pods, allowedPods } = node
  if (pods.size + 1 > allowedPods)
    found.push({ resource: 'pods', requested: 1, used: pods.size, capacity: allowedPods })
  const check = (resource: string, wanted: number, capacity: number, used: number) => {
    if (wanted > 0 && wanted > capacity - used) found.push({ resource, requested: wanted, used, capacity })
  }
  check('cpu', requests.cpuMilli, allocatable.cpuMilli, requested.cpuMilli)
  check('memory', requests.memoryBytes, allocatable.memoryBytes, requested.memoryBytes)
  check(
    'ephemeral-storage',
    requests.ephemeralStorageBytes,
    allocatable.ephemeralStorageBytes,
    requested.ephemeralStorageBytes,
  )
  for (const [name, wanted] of requests.scalar)
    check(name, wanted, allocatable.scalar.get(name) ?? 0, requested.scalar.get(name) ?? 0)
  return found
}

/** The node with more pods on it. */
function roomWith({ allocatable, requested, allowedPods, pods }: NodeInfo, more: readonly PodInfo[]): Room {
  const taken = noResources()
  addResources(taken, requested)
  for (const { requests } of more) addResources(taken, requests)
  return { allocatable, allowedPods, requested: taken, pods: { size: pods.size + more.length } }
}

const reason = ({ resource }: Shortage) => (resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`)

/** Made once for the same reasons, as whoever counts nodes by their status expects. */
const statuses = new Map<string, Status>()
const MOST_STATUSES = 1_000

function statusOf(missing: readonly Shortage[]): Status {
  // Even an empty node of this size could not take it: preempting does not help.
  const hopeless = missing.some(({ resource, requested, capacity }) => resource !== 'pods' && requested > capacity)
  const reasons = missing.map(reason)
  const key = `${hopeless} ${reasons.join()}`
  let status = statuses.get(key)
  if (status) return status
  if (statuses.size >= MOST_STATUSES) statuses.clear()
  status = (hopeless ? unresolvable : unschedulable)(...reasons)
  statuses.set(key, status)
  return status
}

/** @param args what not to look at, and which nodes to prefer */
export function nodeResourcesFit(
  { ignoredResources, ignoredResourceGroups, scoringStrategy }: PluginArgs['NodeResourcesFit'],
  { deviceClasses }: Pick<Listers, 'deviceClasses'>,
): SchedulerPlugin {
  const score = resourceScorer(scoringStrategy)
  const ignored = (resource: string) =>
    ignoredResources.includes(resource) || ignoredResourceGroups.includes(resource.split('/')[0] ?? '')
  const ignores = ignoredResources.length + ignoredResourceGroups.length > 0
  function missingOn(node: Room, pod: PodInfo): readonly Shortage[] {
    if (fits(pod, node)) return NONE
    const all = shortages(pod, node).filter(
      // What the node does not have itself may be had as devices: DynamicResources looks after them.
      ({ resource, capacity }) => capacity > 0 || classOfResource(deviceClasses, resource) === undefined,
    )
    // Only extended resources may be ignored.
    return ignores ? all.filter(({ resource }) => !resource.includes('/') || !ignored(resource)) : all
  }
  const ofDevices = ({ requests }: PodInfo) =>
    requests.scalar.size === 0 ? [] : [...requests.scalar.keys()].filter(name => classOfResource(deviceClasses, name))
  function isWanted(pod: Pod, { object }: ClusterEvent): boolean {
    const changed = object?.metadata.name
    return [...podInfoOf(pod).requests.scalar.keys()].some(
      name => classOfResource(deviceClasses, name)?.metadata.name === changed,
    )
  }
  /** Whether a pod that left or shrank made enough room, beside those to whom the node is promised. */
  function madeRoom(pod: Pod, event: ClusterEvent, view: ClusterView): boolean {
    const nodeName = nodeNameOf(event)
    if (nodeName === undefined) return true // it never had one: whatever was held for it may be anywhere
    const node = view.node(nodeName)
    const info = podInfoOf(pod)
    if (!node || missingOn(node, info).length > 0) return false
    const guests = guestsBefore(pod, nodeName, view)
    return guests.length === 0 || missingOn(roomWith(node, guests), info).length === 0
  }
  return {
    name: 'NodeResourcesFit',
    requeueOn: [
      on('Pod', ['deleted', 'updated'], madeRoom),
      on('Node', ['added', 'updated']),
      on('DeviceClass', ['added', 'updated'], isWanted),
    ],
    sign: pod => [signResources(pod), ...ofDevices(pod)],
    filter(_state, pod, node) {
      const missing = missingOn(node, pod)
      return missing.length === 0 ? success : statusOf(missing)
    },
    score: (_state, pod, node) => score(pod, node),
  }
}
