// A pod's state in one word and one colour. The word is the one `kubectl get pods` prints.
import type { ContainerStatus, Pod } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { type StatusView, type Tone, view } from './tone.ts'
import { t } from '../i18n/i18n.ts'

/** Waiting reasons that pass by themselves; every other one needs somebody. */
const PASSING = new Set(['ContainerCreating', 'PodInitializing', 'Pulling'])

export function podRestarts(pod: Pod): number {
  const all = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])]
  return all.reduce((sum, { restartCount }) => sum + restartCount, 0)
}

export const isPodReady = (pod: Pod): boolean => conditionOf(pod.status.conditions, 'Ready')?.status === 'True'

const exitText = ({ signal, exitCode }: { signal?: number; exitCode: number }) =>
  signal ? `Signal:${signal}` : `ExitCode:${exitCode}`

const lastFailure = ({ lastState, name }: ContainerStatus) => {
  const ended = lastState?.terminated
  if (!ended) return ''
  const why = ended.reason && ended.reason !== 'Error' ? ` (${ended.reason})` : ''
  return t('Container {name} last ended with exit code {code}.', { name, code: `${ended.exitCode}${why}` })
}

/** The state of the first init container that is not done, if any. */
function initStatus(pod: Pod): StatusView | undefined {
  const statuses = pod.status.initContainerStatuses ?? []
  const specs = new Map((pod.spec.initContainers ?? []).map(spec => [spec.name, spec]))
  for (const [index, status] of statuses.entries()) {
    const { waiting, terminated } = status.state ?? {}
    const isSidecar = specs.get(status.name)?.restartPolicy === 'Always'
    if (terminated?.exitCode === 0 || (isSidecar && status.started)) continue
    if (terminated) return view('failed', `Init:${terminated.reason || exitText(terminated)}`, terminated.message)
    if (waiting?.reason && !PASSING.has(waiting.reason))
      return view('failed', `Init:${waiting.reason}`, waiting.message || lastFailure(status))
    return view('progressing', `Init:${index}/${statuses.length}`)
  }
  return undefined
}

/** @see kubectl's pod printer for the words; the colours are ours */
export function podStatus(pod: Pod): StatusView {
  const { phase, reason, message } = pod.status
  const terminating = pod.metadata.deletionTimestamp !== undefined
  if (terminating) return view('progressing', reason === 'NodeLost' ? 'Unknown' : 'Terminating')
  if (reason) return view(phase === 'Succeeded' ? 'healthy' : 'failed', reason, message)
  if (phase === 'Succeeded') return view('healthy', 'Completed')

  if (phase === 'Pending') {
    const scheduled = conditionOf(pod.status.conditions, 'PodScheduled')
    if (scheduled?.status === 'False') {
      const gated = scheduled.reason === 'SchedulingGated'
      return view(gated ? 'suspended' : 'warning', gated ? 'SchedulingGated' : 'Pending', scheduled.message)
    }
  }
  const init = initStatus(pod)
  if (init) return init

  for (const status of pod.status.containerStatuses ?? []) {
    const { waiting, terminated } = status.state ?? {}
    if (waiting?.reason) {
      const tone: Tone = PASSING.has(waiting.reason) ? 'progressing' : 'failed'
      return view(tone, waiting.reason, lastFailure(status) || waiting.message)
    }
    if (terminated && terminated.exitCode !== 0)
      return view('failed', terminated.reason || exitText(terminated), terminated.message || lastFailure(status))
  }
  if (phase === 'Failed') return view('failed', 'Failed', message)
  if (phase === 'Running') {
    if (isPodReady(pod)) return view('healthy', 'Running')
    const late = (pod.status.containerStatuses ?? []).filter(({ ready }) => !ready).map(({ name }) => name)
    return view(
      'warning',
      'NotReady',
      late.length
        ? t('Not ready: {names}.', { names: late.join(', ') })
        : pod.spec.readinessGates?.length
          ? t('A readiness gate is not met.')
          : t('Its node is not heard of any more.'),
    )
  }
  return view(phase === 'Pending' || phase === undefined ? 'progressing' : 'unknown', phase ?? 'Pending')
}

/** One square of a pod's container strip. */
export function containerStatusView(status: ContainerStatus | undefined, isInit = false): StatusView {
  const { waiting, terminated, running } = status?.state ?? {}
  if (terminated)
    return terminated.exitCode === 0
      ? view('healthy', terminated.reason || 'Completed')
      : view('failed', terminated.reason || exitText(terminated), terminated.message)
  if (waiting?.reason && !PASSING.has(waiting.reason)) return view('failed', waiting.reason, waiting.message)
  if (running) return status?.ready || isInit ? view('healthy', 'Running') : view('warning', 'Running, not ready')
  return view('progressing', waiting?.reason || 'Waiting', waiting?.message)
}
