// DefaultPreemption: when no node fits, less important pods make room on the node where that costs least.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
import { Pod } from '../../../../shared/api/core/v1.ts'
import type { Client } from '../../../../shared/client/client.ts'
import type { SeriesRecorder } from '../../../../shared/client/event-series.ts'
import { type Clock, formatTime } from '../../../../shared/machinery/clock.ts'
import { isConflict, isNotFound } from '../../../../shared/machinery/status.ts'
import type { PodInfo } from '../../cache/pod-info.ts'
import { on } from '../../framework/cluster-event.ts'
import { describeFit } from '../../framework/fit-error.ts'
import type { Listers } from '../../framework/listers.ts'
import type { Candidate, PostFilterResult, SchedulerPlugin } from '../../framework/plugin.ts'
import type { ClusterView } from '../../framework/cluster-view.ts'
import type { Profile } from '../../framework/profile.ts'
import { type Status, success, unresolvable, unschedulable } from '../../framework/status.ts'
import { cheapest } from './find-victims.ts'
import { Trials } from './trials.ts'

export interface PreemptionParts {
  readonly client: Client
  readonly clock: Clock
  readonly listers: Listers
  readonly events: SeriesRecorder
  readonly profile: () => Profile
  /** 0 ≤ x < 1; says with which node the search begins. */
  readonly random: () => number
  /** Nodes to try: the greater of a share of all, in percent, and a number. */
  readonly minCandidateNodesPercentage: number
  readonly minCandidateNodesAbsolute: number
}

const name = 'DefaultPreemption'
const NOBODY: readonly PodInfo[] = []
const notHelpful = { ...unresolvable('Preemption is not helpful for scheduling'), plugin: name }

/** From which node on to search, and how many candidates are enough: of the nodes on which it can help. */
function extentOf(parts: PreemptionParts, nodes: number): { from: number; enough: number } {
  const share = Math.trunc((nodes * parts.minCandidateNodesPercentage) / 100)
  return { from: Math.trunc(parts.random() * nodes), enough: Math.max(parts.minCandidateNodesAbsolute, share) }
}

/** Whether room is being made already: a less important pod is on its way out of the nominated node. */
function waitsForVictims({ status, spec }: Pod, view: ClusterView): boolean {
  const node = status.nominatedNodeName ? view.node(status.nominatedNodeName) : undefined
  return [...(node?.pods.values() ?? [])].some(
    ({ pod }) =>
      pod.metadata.deletionTimestamp !== undefined &&
      (pod.spec.priority ?? 0) < (spec.priority ?? 0) &&
      pod.status.conditions?.some(
        ({ type, reason }) => type === 'DisruptionTarget' && reason === 'PreemptionByScheduler',
      ),
  )
}

export function defaultPreemption(parts: PreemptionParts): SchedulerPlugin {
  const { client, clock, listers, events, profile } = parts
  const trials = new Trials()
  async function evict(victim: Pod, by: Pod, nodeName: string): Promise<void> {
    const { namespace, name: victimName, uid, generation: observedGeneration } = victim.metadata
    const ref = { namespace, name: victimName }
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${by.spec.schedulerName ?? ''}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(clock.now()),
      observedGeneration,
    }
    try {
      const patch = { metadata: { uid }, status: { conditions: [condition] } }
      await client.patch(Pod, ref, patch, { type: 'strategic', subresource: 'status' })
      await client.delete(Pod, ref, { preconditions: { uid } })
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return // gone by itself
      throw error
    }
    const note = `Preempted by pod ${by.metadata.uid} on node ${nodeName}`
    events.event(victim, 'Normal', 'Preempted', 'Preempting', note, by)
  }

  /** Nodes promised to less important pods are theirs no more; they are told by their own next cycle. */
  const outcome = ({ nodeName, victims }: Candidate, by: Pod): PostFilterResult => ({
    status: success,
    nominatedNodeName: nodeName,
    carryOut: async () => {
      // Those that are on their way out already were told why.
      const staying = victims.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      await Promise.all(staying.map(victim => evict(victim, by, nodeName)))
    },
  })

  return {
    name,
    requeueOn: [on('Pod', ['deleted'])],
    postFilter(state, pod, view, statuses) {
      const { spec, status } = pod.pod
      if (spec.preemptionPolicy === 'Never')
        return { status: unschedulable('preemption: not eligible due to preemptionPolicy=Never.') }
      // A node that became impossible meanwhile is waited for no longer.
      const nominated = status.nominatedNodeName
      const isHopeless = nominated && statuses.get(nominated)?.code === 'UnschedulableAndUnresolvable'
      if (!isHopeless && waitsForVictims(pod.pod, view))
        return { status: unschedulable('preemption: not eligible due to a terminating pod on the nominated node.') }
      const tryNode = trials.begin(profile(), state, pod, listers.disruptionBudgets.list())
      const candidates: Candidate[] = []
      const failures = new Map<string, Status & { plugin: string }>()
      const hopeful = statuses.nodesWith('Unschedulable')
      const { from, enough } = extentOf(parts, hopeful.length)
      let harmless = false
      for (let i = 0; i < hopeful.length; i++) {
        const node = hopeful[(from + i) % hopeful.length]
        if (!node) continue
        const found = tryNode(node, view.nominated?.(node.name) ?? NOBODY)
        if ('victims' in found) candidates.push(found)
        else failures.set(node.name, { ...found, plugin: name })
        harmless ||= 'victims' in found && found.violations === 0
        // However many break a budget: the next node may break none.
        if (harmless && candidates.length >= enough) break
      }
      const takenBack = status.nominatedNodeName ? { nominatedNodeName: '' } : {}
      if (candidates.length === 0) {
        for (const node of view.nodes) if (!failures.has(node.name)) failures.set(node.name, notHelpful)
        return {
          status: unschedulable(`preemption: ${describeFit(view.nodes.length, failures)}`),
          ...takenBack,
        }
      }
      const choose = (among: readonly Candidate[]): PostFilterResult => {
        const best = cheapest(among)
        if (!best) return { status: unschedulable('no candidate node for preemption'), ...takenBack }
        return outcome(best, pod.pod)
      }
      return { ...choose(candidates), choice: { candidates, among: choose } }
    },
  }
}
