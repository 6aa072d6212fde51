// The pod's phase, from its container statuses.
import type { ContainerStatus, Pod } from '../../../shared/api/core/v1.ts'
import { isSidecar, restartsAfter } from '../spec/containers.ts'

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/**
 * @param ending whether nothing is started any more: a pod whose containers have ended is then over
 * @see https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
 */
export function phaseOf(pod: Pod, statuses: ReadonlyMap<string, ContainerStatus>, ending: boolean): Phase {
  let initPending = 0
  /** Sidecars that have not started, and init containers that are tried again: after the first start they change nothing. */
  let initRepeated = 0
  for (const container of pod.spec.initContainers ?? []) {
    const status = statuses.get(container.name)
    const ended = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined)
    if (isSidecar(container)) {
      if (!status?.started && !status?.state?.terminated) initRepeated++
    } else if (ended) {
      const comesBack = status?.state?.waiting !== undefined || restartsAfter(pod, container, ended.exitCode)
      if (!ending && comesBack) initRepeated++
      else if (ended.exitCode !== 0) return 'Failed'
    } else initPending++
  }
  let waiting = 0
  let running = 0
  let stopped = 0
  let succeeded = 0
  let comingBack = 0
  for (const container of pod.spec.containers) {
    const status = statuses.get(container.name)
    const state = status?.state
    if (state?.running) running++
    else if (state?.terminated) {
      stopped++
      if (state.terminated.exitCode === 0) succeeded++
      if (restartsAfter(pod, container, state.terminated.exitCode)) comingBack++
    } else if (state?.waiting && status?.lastState?.terminated) {
      stopped++
      comingBack++
    } else waiting++
  }
  // A pod that ends before it was ever up has failed.
  if (ending && running === 0)
    return waiting === 0 && stopped === succeeded && initPending + initRepeated === 0 ? 'Succeeded' : 'Failed'
  if (waiting > 0) return 'Pending'
  // Also in another sandbox, as after a reboot, which begins with the init containers.
  if (running === 0 && (initPending > 0 || (initRepeated > 0 && stopped === 0))) return 'Pending'
  if (running > 0) return 'Running'
  if (comingBack > 0) return 'Running'
  return stopped === succeeded ? 'Succeeded' : 'Failed'
}
