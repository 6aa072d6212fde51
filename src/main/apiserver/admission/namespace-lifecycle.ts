// NamespaceLifecycle: nothing is created in a namespace that is missing or going away; those stay that
// the cluster cannot be without.
import { Namespace } from '../../../shared/api/core/v1.ts'
import { ApiError, forbidden, notFound } from '../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../store/contract.ts'
import type { AdmissionPlugin, AdmissionRequest } from './contract.ts'

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])
/** Access reviews are questions about a namespace, which need not exist. */
const REVIEWS = new Set(['localsubjectaccessreviews'])

const NAME = 'NamespaceLifecycle'

/**
 * @returns what is asked first of all, before a plugin misses what a namespace would have; and what is asked after
 *   all others, as the namespace may go away while they wait for webhooks
 * @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespacelifecycle
 */
export function namespaceLifecycle(store: ObjectStore): Record<'first' | 'last', AdmissionPlugin> {
  const check = ({ operation, resource, namespace, name, object }: AdmissionRequest): void => {
    const { type } = resource
    const isNamespace = type.group === '' && type.plural === 'namespaces'
    if (isNamespace && operation === 'DELETE' && IMMORTAL.has(name))
      throw forbidden(type, name, 'this namespace may not be deleted')
    if (!type.namespaced || operation !== 'CREATE' || REVIEWS.has(type.plural)) return
    const stored = store.get(`/registry/core/namespaces/${namespace}`)
    if (!stored) throw notFound(Namespace, namespace)
    if (!stored.object.metadata.deletionTimestamp) return
    const target = object?.metadata.name ?? name
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`
    const error = forbidden(type, target, why)
    throw new ApiError(403, 'Forbidden', error.message, {
      ...error.status.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    })
  }
  return { first: { name: NAME, mutate: check }, last: { name: NAME, validate: check } }
}
