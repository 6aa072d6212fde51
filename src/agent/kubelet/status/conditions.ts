// The pod's conditions, from its container statuses.
import type { ContainerStatus, Pod, PodCondition } from '../../../shared/api/core/v1.ts'
import { isSidecar } from '../spec/containers.ts'
import type { Phase } from './phase.ts'

type Statuses = ReadonlyMap<string, ContainerStatus>
type Draft = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>

const isTrue = (type: string): Draft => ({ type, status: 'True' })
const isFalse = (type: string, reason: string, message?: string): Draft => ({
  type,
  status: 'False',
  reason,
  ...(message ? { message } : {}),
})
const list = (names: readonly string[]): string => `[${names.join(' ')}]`

/** Upstream gives no reasons here; a pod that no sandbox can be made for says nowhere else what it waits for. */
function readyToStart(sandboxReady: boolean, problem: string | undefined): Draft {
  if (sandboxReady) return isTrue('PodReadyToStartContainers')
  if (problem !== undefined) return isFalse('PodReadyToStartContainers', 'FailedCreatePodSandBox', problem)
  return { type: 'PodReadyToStartContainers', status: 'False' }
}

function initialized(pod: Pod, statuses: Statuses, phase: Phase): Draft {
  const incomplete: string[] = []
  for (const container of pod.spec.initContainers ?? []) {
    const status = statuses.get(container.name)
    const done = isSidecar(container) ? status?.started === true : status?.state?.terminated?.exitCode === 0
    if (!done) incomplete.push(container.name)
  }
  const wasUp = pod.spec.containers.some(({ name }) => {
    const status = statuses.get(name)
    return status?.state?.running || status?.lastState?.terminated || status?.state?.terminated
  })
  if (phase === 'Succeeded') return { ...isTrue('Initialized'), reason: 'PodCompleted' }
  if (incomplete.length === 0 || wasUp) return isTrue('Initialized')
  return isFalse('Initialized', 'ContainersNotInitialized', `containers with incomplete status: ${list(incomplete)}`)
}

function containersReady(pod: Pod, statuses: Statuses, phase: Phase): Draft {
  if (phase === 'Succeeded') return isFalse('ContainersReady', 'PodCompleted')
  if (phase === 'Failed') return isFalse('ContainersReady', 'PodFailed')
  const counted = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers]
  const unready = counted.filter(({ name }) => !statuses.get(name)?.ready).map(({ name }) => name)
  if (unready.length === 0) return isTrue('ContainersReady')
  return isFalse('ContainersReady', 'ContainersNotReady', `containers with unready status: ${list(unready)}`)
}

function ready(pod: Pod, containers: Draft): Draft {
  if (containers.status !== 'True') return { ...containers, type: 'Ready' }
  const given = new Map(pod.status.conditions?.map(({ type, status }) => [type, status]))
  const missing: string[] = []
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const status = given.get(conditionType)
    if (status === undefined)
      missing.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`)
    else if (status !== 'True')
      missing.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${status}`)
  }
  return missing.length === 0 ? isTrue('Ready') : isFalse('Ready', 'ReadinessGatesNotReady', missing.join(', '))
}

/** The kubelet's own; what is not among the drafts is over. */
export const OWNED_TYPES: readonly string[] = [
  'PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled', 'PodResizePending',
  'PodResizeInProgress', 'AllContainersRestarting',
] // prettier-ignore

/**
 * @param others that hold now: about a resize, a disruption
 * @param sandboxReady whether the sandbox runs and has its address
 * @param sandboxProblem why none could be made
 * @param now RFC 3339
 * @returns the conditions that the kubelet owns; others are left to their owners
 */
export function conditionsOf(
  pod: Pod,
  previous: readonly PodCondition[] | undefined,
  statuses: Statuses,
  phase: Phase,
  sandboxReady: boolean,
  sandboxProblem: string | undefined,
  others: readonly Draft[],
  now: string,
): PodCondition[] {
  const containers = containersReady(pod, statuses, phase)
  const drafts = [
    readyToStart(sandboxReady, sandboxProblem),
    initialized(pod, statuses, phase),
    ready(pod, containers),
    containers,
    isTrue('PodScheduled'),
    ...others,
  ]
  return drafts.map(draft => {
    const old = previous?.find(({ type }) => type === draft.type)
    const since = old?.status === draft.status && old.lastTransitionTime ? old.lastTransitionTime : now
    const { generation } = pod.metadata
    return { ...draft, lastTransitionTime: since, ...(generation ? { observedGeneration: generation } : {}) }
  })
}
