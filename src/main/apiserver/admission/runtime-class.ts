// RuntimeClass: the class's overhead and scheduling rules become part of the pod.
// @see https://kubernetes.io/docs/concepts/containers/runtime-class/
import { Pod } from '../../../shared/api/core/v1.ts'
import type { RuntimeClass } from '../../../shared/api/node/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { forbidden } from '../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isCreateOf } from './is-type.ts'

function applyOverhead(pod: Pod, podFixed: Record<string, string> | undefined): void {
  if (!podFixed) return
  if (pod.spec.overhead && !deepEqual(pod.spec.overhead, podFixed))
    throw forbidden(
      Pod,
      pod.metadata.name,
      "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    )
  pod.spec.overhead = { ...podFixed }
}

function applyScheduling(pod: Pod, { metadata, scheduling }: RuntimeClass): void {
  for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
    const own = pod.spec.nodeSelector?.[key]
    if (own !== undefined && own !== value)
      throw forbidden(
        Pod,
        pod.metadata.name,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own} (RuntimeClass ${metadata.name})`,
      )
    pod.spec.nodeSelector = { ...pod.spec.nodeSelector, [key]: value }
  }
  const missing = (scheduling?.tolerations ?? []).filter(
    wanted => !pod.spec.tolerations?.some(given => deepEqual(given, wanted)),
  )
  if (missing.length > 0) pod.spec.tolerations = [...(pod.spec.tolerations ?? []), ...structuredClone(missing)]
}

export const runtimeClass = (store: ObjectStore): AdmissionPlugin => ({
  name: 'RuntimeClass',
  mutate(request) {
    if (!isCreateOf(request, Pod)) return
    const pod = request.object as unknown as Pod
    const name = pod.spec.runtimeClassName
    if (!name) {
      if (pod.spec.overhead && Object.keys(pod.spec.overhead).length > 0)
        throw forbidden(
          Pod,
          pod.metadata.name,
          'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
        )
      return
    }
    const stored = store.get(`/registry/node.k8s.io/runtimeclasses/${name}`)
    if (!stored) throw forbidden(Pod, pod.metadata.name, `pod rejected: RuntimeClass "${name}" not found`)
    const found = stored.object as unknown as RuntimeClass
    applyOverhead(pod, found.overhead?.podFixed as Record<string, string> | undefined)
    applyScheduling(pod, found)
  },
})
