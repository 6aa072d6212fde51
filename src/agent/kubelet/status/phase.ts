// The pod's phase, from its container statuses.
import type { ContainerStatus, Pod } from '../../../shared/api/core/v1.ts'
import { isSidecar, restartPolicyOf } from '../spec/containers.ts'

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/**
 * @param ending whether nothing is started any more: a pod whose containers have ended is then over
 * @see https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
 */
export function phaseOf(pod: Pod, statuses: ReadonlyMap<string, ContainerStatus>, ending: boolean): Phase {
  const policy = restartPolicyOf(pod)
  let initPending = 0
  let initFailed = 0
  for (const container of pod.spec.initContainers ?? []) {
    const status = statuses.get(container.name)
    const ended = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined)
    if (isSidecar(container)) {
      if (!status?.started && !status?.state?.terminated) initPending++
    } else if (ended) {
      if (ended.exitCode !== 0) initFailed++
    } else initPending++
  }
  let waiting = 0
  let running = 0
  let stopped = 0
  let succeeded = 0
  for (const { name } of pod.spec.containers) {
    const status = statuses.get(name)
    const state = status?.state
    if (state?.running) running++
    else if (state?.terminated) {
      stopped++
      if (state.terminated.exitCode === 0) succeeded++
    } else if (state?.waiting && status?.lastState?.terminated) stopped++
    else waiting++
  }
  if (initFailed > 0 && (policy === 'Never' || ending)) return 'Failed'
  // A pod that ends before it was ever up has failed.
  if (ending && running === 0)
    return waiting === 0 && stopped === succeeded && initPending === 0 ? 'Succeeded' : 'Failed'
  const wasInitialized = running > 0 || stopped > 0
  if ((initPending > 0 || initFailed > 0) && !wasInitialized) return 'Pending'
  if (waiting > 0) return 'Pending'
  if (running > 0) return 'Running'
  if (policy === 'Always') return 'Running'
  if (stopped === succeeded) return 'Succeeded'
  return policy === 'Never' ? 'Failed' : 'Running'
}
