// NodeDeclaredFeatureValidator: a running pod is not changed in a way that its node cannot follow.
import { type Node, Pod } from '../../../shared/api/core/v1.ts'
import { featuresForChange } from '../../../shared/machinery/node-features.ts'
import { forbidden } from '../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin } from './contract.ts'
import { isType } from './is-type.ts'

/** @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#nodedeclaredfeaturevalidator */
export const nodeDeclaredFeatureValidator = (store: ObjectStore): AdmissionPlugin => ({
  name: 'NodeDeclaredFeatureValidator',
  kinds: [Pod],
  validate(request) {
    if (request.operation !== 'UPDATE' || !isType(request, Pod) || !['', 'resize'].includes(request.subresource)) return
    const [pod, old] = [request.object as unknown as Pod, request.oldObject as unknown as Pod]
    const { nodeName } = pod.spec
    if (!nodeName || pod.metadata.generation === old.metadata.generation) return
    const wanted = featuresForChange(pod, old)
    if (wanted.length === 0) return
    const refuse = (why: string) => forbidden(Pod, request.name, why)
    const found = store.get(`/registry/core/nodes/${nodeName}`)?.object
    if (!found) throw refuse(`node "${nodeName}" not found`)
    const declared = (found as unknown as Node).status.declaredFeatures ?? []
    const missing = wanted.filter(feature => !declared.includes(feature))
    if (missing.length > 0)
      throw refuse(`pod update requires features ${missing.join(', ')} which are not available on node "${nodeName}"`)
  },
})
