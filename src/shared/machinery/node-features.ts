// Features that a node declares, so that nothing is asked of it that its agent is too old for.
// @see KEP-5328, "Node Declared Features"
import type { Pod } from '../api/core/v1.ts'
import { deepEqual } from './deep-equal.ts'
import { mayRestartAll } from './restart-rules.ts'

/** What this version's agent can do. */
export const DECLARED_FEATURES: readonly string[] = [
  'InPlacePodLevelResourcesVerticalScaling',
  'InPlacePodVerticalScalingInitContainers',
  'RestartAllContainersOnContainerExits',
]

const NONE: readonly string[] = []

/** @returns the features without which a node cannot run the pod */
export function featuresToRun({ spec }: Pod): readonly string[] {
  const restartsAll = mayRestartAll(spec)
  const isMappedOnHost = spec.hostNetwork === true && spec.hostUsers === false
  if (!restartsAll && !isMappedOnHost) return NONE
  return [
    ...(restartsAll ? ['RestartAllContainersOnContainerExits'] : []),
    ...(isMappedOnHost ? ['UserNamespacesHostNetworkSupport'] : []),
  ]
}

/** @returns the features without which a node cannot carry out a change to a pod that runs on it */
export function featuresForChange({ spec: now }: Pod, { spec: old }: Pod): string[] {
  const differ = (a: unknown, b: unknown) => !deepEqual(a, b, { emptyIsAbsent: true })
  const initChanged = (old.initContainers ?? []).some(
    ({ restartPolicy, resources }, i) =>
      restartPolicy !== 'Always' && differ(resources ?? {}, now.initContainers?.[i]?.resources ?? {}),
  )
  return [
    ...(differ(now.resources ?? {}, old.resources ?? {}) ? ['InPlacePodLevelResourcesVerticalScaling'] : []),
    ...(initChanged ? ['InPlacePodVerticalScalingInitContainers'] : []),
  ]
}
