// Where would everything land? The changes are made in a copy of the cluster, then every pod without a node is placed
// there in the scheduler's order, one after the other, each seeing where those before it went.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type {
  NodeLoad,
  PodName,
  WhatIfNode,
  WhatIfPod,
  WhatIfStatus,
} from '../../../shared/api/flotilla/scheduling-v1.ts'
import { controllerOf } from '../../../shared/machinery/owner.ts'
import type { NodeInfo } from '../cache/node-info.ts'
import type { Profile } from '../framework/profile.ts'
import type { SchedulerSight } from '../sight.ts'
import { applyAll } from './apply.ts'
import { type Changes, type Planned, nameAndOwner } from './changes.ts'
import { drain, movablePods } from './drain.ts'
import { placePod } from './place.ts'
import { Supposition, anew } from './supposition.ts'
import { scaleTo } from './workloads.ts'

const priorityOf = ({ pod: { spec } }: Planned) => spec.priority ?? 0
const podName = ({ metadata: { namespace, name } }: Pod): PodName => ({ namespace, name })

const loadOf = ({ pods, requested }: NodeInfo): NodeLoad => ({
  pods: pods.size,
  cpuMilli: requested.cpuMilli,
  memoryBytes: requested.memoryBytes,
})

export async function whatIf(sight: SchedulerSight, changes: Changes): Promise<WhatIfStatus> {
  const world = await Supposition.of(sight)
  const before = new Map(world.trial.nodes.map(node => [node.name, { load: loadOf(node), node: node.node }]))
  for (const name of changes.uncordon) world.setUnschedulable(name, false)
  for (const name of changes.cordon) world.setUnschedulable(name, true)
  await applyAll(world, changes)
  for (const { workload, replicas } of changes.scale) await scaleTo(world, changes, workload, replicas)
  for (const name of changes.drain) drain(world, name)
  for (const pod of world.waiting()) world.planned.push({ pod, told: { ...nameAndOwner(pod), change: 'Wait' } })

  const profiles = sight.profiles(world.listers)
  const told = [...world.told, ...(await placeAll(world, profiles))]
  const after = world.trial.nodes.flatMap(node => changedNode(node, before.get(node.name)) ?? [])
  for (const name of changes.cordon) told.push(...(await elsewhere(world, profiles, name)))
  const { problems } = world
  return { message: summary(told), pods: told, nodes: after, ...(problems.length > 0 ? { problems } : {}) }
}

/** Places what is planned, and what has to be placed again because of it. */
async function placeAll(world: Supposition, profiles: ReadonlyMap<string, Profile>): Promise<WhatIfPod[]> {
  const told: WhatIfPod[] = []
  const { planned } = world
  planned.sort((a, b) => priorityOf(b) - priorityOf(a))
  for (let next = planned.shift(); next; next = planned.shift()) {
    const profile = profiles.get(next.pod.spec.schedulerName ?? '')
    if (!profile) {
      told.push({ ...next.told, message: `it is left to the scheduler "${next.pod.spec.schedulerName ?? ''}"` })
      continue
    }
    const { nodeName, message, victims } = await placePod(world, profile, next.pod)
    told.push({
      ...next.told,
      ...(nodeName ? { to: nodeName } : {}),
      ...(message ? { message } : {}),
      ...(victims.length > 0 ? { preempts: victims.map(podName) } : {}),
    })
    for (const victim of victims) {
      const change = { ...nameAndOwner(victim), ...(nodeName ? { from: nodeName } : {}) }
      // Less important than whoever took the place: its turn comes behind those of its own importance.
      if (controllerOf(victim)) insert(planned, { pod: anew(victim), told: { ...change, change: 'Preempt' } })
      else told.push({ ...change, change: 'Remove', lost: true })
    }
    await world.pace.breathe()
  }
  return told
}

function insert(planned: Planned[], entry: Planned): void {
  const at = planned.findIndex(other => priorityOf(other) < priorityOf(entry))
  planned.splice(at < 0 ? planned.length : at, 0, entry)
}

/** A cordon moves nobody; but where would the node's pods go if they had to be replaced? */
async function elsewhere(
  world: Supposition,
  profiles: ReadonlyMap<string, Profile>,
  nodeName: string,
): Promise<WhatIfPod[]> {
  for (const pod of movablePods(world, nodeName)) if (controllerOf(pod)) world.replace(pod, { change: 'Stay' })
  return placeAll(world, profiles)
}

function changedNode(
  node: NodeInfo,
  before: { load: NodeLoad; node: NodeInfo['node'] } | undefined,
): WhatIfNode | undefined {
  const load = loadOf(node)
  const { allocatable, allowedPods } = node
  const same =
    before?.node === node.node &&
    (Object.keys(load) as (keyof NodeLoad)[]).every(key => load[key] === before?.load[key])
  if (same) return undefined
  return {
    name: node.name,
    ...(node.node?.spec.unschedulable ? { unschedulable: true } : {}),
    ...(before ? { before: before.load } : {}),
    after: load,
    allocatable: { pods: allowedPods, cpuMilli: allocatable.cpuMilli, memoryBytes: allocatable.memoryBytes },
  }
}

function summary(pods: readonly WhatIfPod[]): string {
  const count = (which: (pod: WhatIfPod) => unknown) => pods.filter(which).length
  const wants = ({ change }: WhatIfPod) => ['Create', 'Move', 'Preempt'].includes(change)
  const placed = count(pod => wants(pod) && pod.to)
  const parts = [
    [placed, `${placed === 1 ? 'pod finds' : 'pods find'} a node`],
    [count(pod => wants(pod) && !pod.to), 'would wait'],
    [count(({ change, to }) => change === 'Wait' && to), 'that wait now would start'],
    [count(({ change, lost }) => change === 'Remove' && !lost), 'would be removed'],
    [count(({ lost }) => lost), 'would be lost'],
    [count(({ blockedBy }) => blockedBy), 'are held back by disruption budgets'],
  ] as const
  const told = parts.filter(([number]) => number > 0).map(([number, text]) => `${number} ${text}`)
  return told.length > 0 ? `${told.join(', ')}.` : 'Nothing would move.'
}
