// Where could a pod go, and why not elsewhere: every node with each verdict, each score and what would help.
import type { Pod } from '../../../shared/api/core/v1.ts'
import type {
  NodeExplanation,
  PluginVerdict,
  PodExplanationStatus,
  Preemption,
} from '../../../shared/api/flotilla/scheduling-v1.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { type PodInfo, podInfoOf } from '../cache/pod-info.ts'
import type { Profile } from '../framework/profile.ts'
import { findVictims } from '../plugins/default-preemption/find-victims.ts'
import type { SchedulerSight } from '../sight.ts'
import { type Examination, type ExaminedNode, type ScoredNode, type Verdict, examine } from './examine.ts'
import { Pace } from './pace.ts'
import { remediesFor } from './remedies.ts'
import { Trial } from './trial.ts'

const VERDICTS: Readonly<Record<string, string>> = {
  Success: 'Passed',
  Skip: 'Skipped',
  Unschedulable: 'Rejected',
}

const tell = ({ plugin, status: { code, reasons } }: Verdict): PluginVerdict => ({
  plugin,
  verdict: VERDICTS[code] ?? 'RejectedForGood',
  ...(reasons.length > 0 ? { reasons: [...reasons] } : {}),
})

const rejects = ({ status: { code } }: Verdict) => code !== 'Success' && code !== 'Skip'

/** @param exists whether the pod is in the cluster, rather than made up for the question */
export async function explainPod(sight: SchedulerSight, pod: Pod, exists: boolean): Promise<PodExplanationStatus> {
  const pace = new Pace()
  const place = exists ? placeOf(sight, pod) : { state: 'Hypothetical' }
  const profile = sight.profiles(sight.listers).get(pod.spec.schedulerName ?? '')
  if (!profile) return { ...place, state: 'Foreign', refused: [], nodes: [] }
  const trial = await Trial.of(sight.view, pace)
  trial.remove(pod.metadata.uid) // asked as if it were to be placed again
  const { nodeName: _bound, ...spec } = pod.spec
  const info = podInfoOf({ ...pod, spec })
  const examination = await examine(profile, trial, info, pace)
  const { message, refused, scores } = examination
  const byNode = new Map(scores.map((score, rank) => [score.node.name, { score, rank }]))
  const nodes: NodeExplanation[] = []
  for (const examined of examination.nodes) {
    nodes.push(explainNode(sight, profile, trial, info, examination, examined, byNode.get(examined.node.name)?.score))
    await pace.breathe()
  }
  const rank = ({ name }: NodeExplanation) => byNode.get(name)?.rank ?? Number.MAX_SAFE_INTEGER
  nodes.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
  return { ...place, ...(message ? { message } : {}), refused: refused.map(tell), nodes }
}

function explainNode(
  sight: SchedulerSight,
  profile: Profile,
  view: Trial,
  pod: PodInfo,
  { state, refused }: Examination,
  { node, verdicts, fits }: ExaminedNode,
  score: ScoredNode | undefined,
): NodeExplanation {
  const failing = verdicts.filter(rejects)
  const given = { pod, node, view, state, listers: sight.listers }
  const remedies = failing.flatMap(verdict => remediesFor(verdict, given))
  const mayPreempt =
    refused.length === 0 && failing.length > 0 && failing.every(({ status }) => status.code === 'Unschedulable')
  const preemption = mayPreempt ? preemptionOn(sight, profile, view, pod, state, node.name) : undefined
  return {
    name: node.name,
    fits,
    filters: verdicts.map(tell),
    ...(score ? { scores: [...score.parts], total: score.total } : {}),
    ...(remedies.length > 0 ? { remedies } : {}),
    ...(preemption ? { preemption } : {}),
  }
}

function preemptionOn(
  { listers }: SchedulerSight,
  profile: Profile,
  view: Trial,
  pod: PodInfo,
  state: Examination['state'],
  nodeName: string,
): Preemption | undefined {
  const node = view.node(nodeName)
  if (!node || pod.pod.spec.preemptionPolicy === 'Never') return undefined
  const found = findVictims(profile, state, pod, node, listers.disruptionBudgets.list(), view.nominated(nodeName))
  if (!('victims' in found)) return undefined
  const victims = found.victims.map(({ metadata: { namespace, name } }) => ({ namespace, name }))
  return { victims, budgetsBroken: found.violations }
}

/** Where the pod is or waits, and what was last decided about it. */
function placeOf(
  sight: SchedulerSight,
  { metadata: { uid }, spec, status }: Pod,
): Omit<PodExplanationStatus, 'refused' | 'nodes'> {
  const decision = sight.lastDecision(uid)
  const told = decision
    ? {
        lastDecision: {
          time: formatTime(decision.atMs),
          ...(decision.nodeName ? { nodeName: decision.nodeName } : {}),
          ...(decision.message ? { message: decision.message } : {}),
          ...(decision.scores.length > 0 ? { scores: [...decision.scores] } : {}),
        },
      }
    : {}
  if (spec.nodeName) return { state: 'Bound', nodeName: spec.nodeName, ...told }
  const place = sight.placeOf(uid)
  if (!place) return { state: 'Active', ...told } // so new that the scheduler has not seen it
  const { queued, untilMs } = place
  return {
    state: place.state,
    ...(status.nominatedNodeName ? { nominatedNodeName: status.nominatedNodeName } : {}),
    ...told,
    waiting: {
      since: formatTime(queued.addedMs),
      attempts: queued.attempts,
      ...(untilMs === undefined ? {} : { backoffUntil: formatTime(untilMs) }),
      ...(queued.rejectedBy.length > 0 ? { rejectedBy: [...queued.rejectedBy] } : {}),
    },
  }
}
