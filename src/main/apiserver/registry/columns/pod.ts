// How `kubectl get pods` sums a pod up.
import type { ContainerStatus, Pod } from '../../../../shared/api/core/v1.ts'
import { humanSince } from '../../../../shared/machinery/human-duration.ts'
import { list } from '../support/collections.ts'
import type { Column, RowCondition } from '../resource.ts'
import { NONE, ageColumn, nameColumn, text, wide } from './common.ts'

export interface PodSummary {
  readonly ready: number
  readonly total: number
  /** `Running`, `CrashLoopBackOff`, `Init:1/2`, `Terminating`, … */
  readonly status: string
  readonly restarts: number
  /** When the last restarted container ended, RFC 3339; '' when none was restarted. */
  readonly lastRestart: string
}

interface Restarts {
  count: number
  last: string
}

function countRestarts(into: Restarts, status: ContainerStatus): void {
  into.count += status.restartCount ?? 0
  const finished = status.lastState?.terminated?.finishedAt
  if (finished && (!into.last || Date.parse(finished) > Date.parse(into.last))) into.last = finished
}

const terminatedReason = ({ reason, signal, exitCode }: { reason?: string; signal?: number; exitCode: number }) =>
  reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`)

const conditionIsTrue = (pod: Pod, type: string) =>
  list(pod.status.conditions).some(c => c.type === type && c.status === 'True')

/** @returns what the init containers say, or undefined when all of them are done */
function initReason(pod: Pod, index: number, status: ContainerStatus): string {
  const { terminated, waiting } = status.state ?? {}
  if (terminated) return `Init:${terminatedReason(terminated)}`
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`
  return `Init:${index}/${list(pod.spec.initContainers).length}`
}

export function summarizePod(pod: Pod): PodSummary {
  const sidecars = new Set(
    list(pod.spec.initContainers)
      .filter(c => c.restartPolicy === 'Always')
      .map(c => c.name),
  )
  const total = list(pod.spec.containers).length + sidecars.size
  let status = pod.status.reason || pod.status.phase || ''
  if (list(pod.status.conditions).some(c => c.type === 'PodScheduled' && c.reason === 'SchedulingGated'))
    status = 'SchedulingGated'

  let ready = 0
  let restarts: Restarts = { count: 0, last: '' }
  const sidecarRestarts: Restarts = { count: 0, last: '' }
  let initializing = false
  for (const [index, container] of list(pod.status.initContainerStatuses).entries()) {
    countRestarts(restarts, container)
    const sidecar = sidecars.has(container.name)
    if (sidecar) countRestarts(sidecarRestarts, container)
    if (container.state?.terminated?.exitCode === 0) continue
    if (sidecar && container.started) {
      if (container.ready) ready++
      continue
    }
    status = initReason(pod, index, container)
    initializing = true
    break
  }

  if (!initializing || conditionIsTrue(pod, 'Initialized')) {
    restarts = sidecarRestarts
    let running = false
    let failure = ''
    // Backwards, so that the first container in trouble names the state.
    for (const container of [...list(pod.status.containerStatuses)].reverse()) {
      countRestarts(restarts, container)
      const { waiting, terminated, running: runs } = container.state ?? {}
      if (waiting?.reason) status = waiting.reason
      else if (terminated) {
        status = terminatedReason(terminated)
        if (terminated.exitCode !== 0) failure = status
      } else if (container.ready && runs) {
        running = true
        ready++
      }
    }
    if (status === 'Completed') {
      if (running && conditionIsTrue(pod, 'Ready')) status = 'Running'
      else if (failure) status = failure
      else if (running) status = 'NotReady'
    }
  }

  if (pod.metadata.deletionTimestamp) {
    if (pod.status.reason === 'NodeLost') status = 'Unknown'
    else if (pod.status.phase !== 'Failed' && pod.status.phase !== 'Succeeded') status = 'Terminating'
  }
  return { ready, total, status, restarts: restarts.count, lastRestart: restarts.last }
}

function readinessGates(pod: Pod): string {
  const gates = list(pod.spec.readinessGates)
  const open = gates.filter(
    gate => list(pod.status.conditions).find(c => c.type === gate.conditionType)?.status === 'True',
  )
  return gates.length ? `${open.length}/${gates.length}` : NONE
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  text('Ready', 'How many of the containers are ready.', pod => {
    const { ready, total } = summarizePod(pod)
    return `${ready}/${total}`
  }),
  text('Status', 'State of the containers in one word.', pod => summarizePod(pod).status),
  text('Restarts', 'How often containers were restarted, and when last.', (pod, nowMs) => {
    const { restarts, lastRestart } = summarizePod(pod)
    return restarts && lastRestart ? `${restarts} (${humanSince(lastRestart, nowMs)} ago)` : String(restarts)
  }),
  ageColumn,
  wide(text('IP', 'Address of the pod.', pod => list(pod.status.podIPs)[0]?.ip || NONE)),
  wide(text('Node', 'Node that the pod runs on.', pod => pod.spec.nodeName || NONE)),
  wide(text('Nominated Node', 'Node where preemption makes room.', pod => pod.status.nominatedNodeName || NONE)),
  wide(text('Readiness Gates', 'How many readiness gates are open.', readinessGates)),
]

const COMPLETED = { type: 'Completed', status: 'True' } as const

/** A pod that has ended for good: clients may leave it out. */
export function podRowCondition({ status }: Pod): RowCondition | undefined {
  if (status.phase === 'Succeeded')
    return { ...COMPLETED, reason: 'Succeeded', message: 'The pod has completed successfully.' }
  return status.phase === 'Failed' ? { ...COMPLETED, reason: 'Failed', message: 'The pod failed.' } : undefined
}
