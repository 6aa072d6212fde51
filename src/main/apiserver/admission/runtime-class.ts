// RuntimeClass: the class's overhead and scheduling rules become part of the pod.
// @see https://kubernetes.io/docs/concepts/containers/runtime-class/
import { Pod } from '../../../shared/api/core/v1.ts'
import type { RuntimeClass } from '../../../shared/api/node/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { forbidden } from '../../../shared/machinery/status.ts'
import { withoutNarrower } from '../../../shared/machinery/taints.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isCreateOf } from './is-type.ts'

const refuse = ({ metadata }: Pod, why: string) => forbidden(Pod, metadata.name, why)

function applyOverhead(pod: Pod, podFixed: Record<string, string> | undefined): void {
  const { overhead = {} } = pod.spec
  const isGiven = Object.keys(overhead).length > 0
  if (podFixed && isGiven && !deepEqual(overhead, podFixed))
    throw refuse(pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
  if (podFixed) pod.spec.overhead = { ...podFixed }
  else if (isGiven)
    throw refuse(pod, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
}

function applyScheduling(pod: Pod, { scheduling }: RuntimeClass): void {
  for (const [key, value] of Object.entries(scheduling?.nodeSelector ?? {})) {
    const own = pod.spec.nodeSelector?.[key]
    if (own !== undefined && own !== value)
      throw refuse(
        pod,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      )
    pod.spec.nodeSelector = { ...pod.spec.nodeSelector, [key]: value }
  }
  const wanted = scheduling?.tolerations ?? []
  if (wanted.length > 0)
    pod.spec.tolerations = withoutNarrower([...(pod.spec.tolerations ?? []), ...structuredClone(wanted)])
}

export const runtimeClass = (store: ObjectStore): AdmissionPlugin => ({
  name: 'RuntimeClass',
  kinds: [Pod],
  mutate(request) {
    if (!isCreateOf(request, Pod)) return
    const pod = request.object as unknown as Pod
    const name = pod.spec.runtimeClassName
    if (!name) return applyOverhead(pod, undefined)
    const stored = store.get(`/registry/node.k8s.io/runtimeclasses/${name}`)
    if (!stored) throw refuse(pod, `pod rejected: RuntimeClass "${name}" not found`)
    const found = stored.object as unknown as RuntimeClass
    applyOverhead(pod, found.overhead?.podFixed as Record<string, string> | undefined)
    applyScheduling(pod, found)
  },
})
