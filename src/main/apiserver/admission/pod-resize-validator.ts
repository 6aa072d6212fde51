// PodResizeValidator: a running pod cannot grow beyond what its node could ever give it.
import { type Node, Pod } from '../../../shared/api/core/v1.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { totalOf } from '../../../shared/machinery/quota-pod-usage.ts'
import { ApiError, forbidden } from '../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isType } from './is-type.ts'

const OS_LABEL = 'kubernetes.io/os'

/** @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#podresizevalidator */
export const podResizeValidator = (store: ObjectStore): AdmissionPlugin => ({
  name: 'PodResizeValidator',
  kinds: [Pod],
  validate(request) {
    if (request.operation !== 'UPDATE' || request.subresource !== 'resize' || !isType(request, Pod)) return
    const [pod, old] = [request.object as unknown as Pod, request.oldObject as unknown as Pod]
    const { nodeName } = pod.spec
    if (!nodeName || pod.metadata.generation === old.metadata.generation) return
    const found = store.get(`/registry/core/nodes/${nodeName}`)?.object
    if (!found) throw forbidden(Pod, request.name, `node "${nodeName}" not found`)
    const node = found as unknown as Node
    const os = node.metadata.labels?.[OS_LABEL] ?? 'linux'
    if (os !== 'linux') {
      const why = `pod resize is only supported on linux nodes, node "${nodeName}" is "${os}"`
      throw because('UnsupportedPlatform', request.name, why)
    }
    const lacking = lackingOn(node, pod)
    if (lacking.length > 0) {
      const why = `node didn't have enough allocatable resources: ${lacking.join('; ')}`
      throw because('NodeCapacity', request.name, why)
    }
  },
})

function lackingOn({ status }: Node, { spec }: Pod): string[] {
  const requests = totalOf(spec, 'requests')
  return (['cpu', 'memory'] as const).flatMap(name => {
    const [wanted, has] = [requests.get(name), parseQuantity(status.allocatable?.[name] ?? 0)]
    if (!wanted || wanted.compare(has) <= 0) return []
    const [a, b] = name === 'cpu' ? [wanted.milli(), has.milli()] : [wanted.value(), has.value()]
    return [`${name}, requested: ${a}, allocatable: ${b}`]
  })
}

function because(reason: string, name: string, why: string): ApiError {
  const { code, reason: kind, message, status } = forbidden(Pod, name, why)
  return new ApiError(code, kind, message, { ...status.details, causes: [{ reason }] })
}
