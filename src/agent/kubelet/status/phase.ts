// The pod's phase, from its container statuses.
import type { ContainerStatus, Pod } from '../../../shared/api/core/v1.ts'
import { isSidecar, restartPolicyOf, restartRuleOf, restartsAfter } from '../spec/containers.ts'

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
      const comesBack = !ending && (status?.state?.waiting || restartRuleOf(container, ended.exitCode))
      if (comesBack) initPending++
      else if (ended.exitCode !== 0) initFailed++
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
  if (initFailed > 0 && (policy === 'Never' || ending)) return 'Failed'
  // A pod that ends before it was ever up has failed.
  if (ending && running === 0)
    return waiting === 0 && stopped === succeeded && initPending === 0 ? 'Succeeded' : 'Failed'
  const wasInitialized = running > 0 || stopped > 0
  if ((initPending > 0 || initFailed > 0) && !wasInitialized) return 'Pending'
  if (waiting > 0) return 'Pending'
  if (running > 0) return 'Running'
  if (comingBack > 0) return 'Running'
  return stopped === succeeded ? 'Succeeded' : 'Failed'
}
