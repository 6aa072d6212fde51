// Who may write which part of a ResourceClaim's status: what is allocated and reserved, those with a right to its
// binding; what is told of devices, those with a right to their driver, on every node or on their own.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
import { type AllocatedDeviceStatus, ResourceClaim } from '../../../shared/api/resource/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { type FieldError, forbiddenField } from '../../../shared/machinery/field-error.ts'
import { invalid } from '../../../shared/machinery/status.ts'
import { NODE_NAME } from '../authn/extra-keys.ts'
import type { AuthorizationAttributes, Authorizer } from '../authz/contract.ts'
import { denial } from '../chain/authorize.ts'
import type { AdmissionPlugin, AdmissionRequest } from './contract.ts'
import { isType } from './is-type.ts'

type ClaimStatus = ResourceClaim['status']

const OWN_NODE = 'associated-node:'
const ANY_NODE = 'arbitrary-node:'

/** @returns why none of the verbs is allowed, or undefined where one is */
type Refusal = (verbs: readonly string[], part: Partial<AuthorizationAttributes>) => string | undefined

function refusalsOf(authorizers: readonly Authorizer[], { user, resource, namespace }: AdmissionRequest): Refusal {
  const { group, version, plural } = resource.type
  return (verbs, part) => {
    const asked = verbs.map((verb): AuthorizationAttributes => ({
      isResource: true, verb, group, version, namespace, resource: plural, subresource: '', name: '', path: '', user,
      ...part,
    })) // prettier-ignore
    const isAllowed = asked.some(attributes =>
      authorizers.some(authorizer => authorizer.authorize(attributes).decision === 'allow'),
    )
    return isAllowed || !asked[0] ? undefined : denial(asked[0]).message
  }
}

function bindingErrors(refusal: Refusal, verb: string, now: ClaimStatus, old: ClaimStatus): FieldError[] {
  if (deepEqual(now.allocation, old.allocation) && deepEqual(now.reservedFor, old.reservedFor)) return []
  const why = refusal([verb], { subresource: 'binding', namespace: '' })
  if (why === undefined) return []
  const needed = `resource="resourceclaims/binding", verb="${verb}" permission`
  return [
    forbiddenField('status.allocation', `changing status.allocation or status.reservedFor requires ${needed}: ${why}`),
  ]
}

const keyOf = ({ driver, pool, device, shareID = '' }: AllocatedDeviceStatus): string =>
  JSON.stringify([driver, pool, device, shareID])

/** @returns drivers of devices that were added, taken away or told anew, in order */
function changedDrivers(now: ClaimStatus, old: ClaimStatus): string[] {
  const [after, before] = [now, old].map(({ devices }) => new Map((devices ?? []).map(each => [keyOf(each), each])))
  const all = [...(after ?? []), ...(before ?? [])]
  const changed = all.filter(([key]) => !deepEqual(after?.get(key), before?.get(key)))
  return [...new Set(changed.map(([, { driver }]) => driver))].sort()
}

/** @returns the one node that the devices are on, if they are on one alone */
function nodeOf({ allocation }: ClaimStatus): string | undefined {
  const [term, another] = allocation?.nodeSelector?.nodeSelectorTerms ?? []
  const [field, more] = term?.matchFields ?? []
  if (!field || another || more || term?.matchExpressions?.length) return undefined
  const isName = field.key === 'metadata.name' && field.operator === 'In' && field.values?.length === 1
  return isName ? field.values?.[0] : undefined
}

function isOnNode({ user: { name, extra } }: AdmissionRequest, node: string | undefined): boolean {
  const own = extra?.[NODE_NAME] ?? []
  return node !== undefined && name.startsWith('system:serviceaccount:') && own.length === 1 && own[0] === node
}

function deviceErrors(
  refusal: Refusal,
  request: AdmissionRequest,
  verb: string,
  [now, old]: readonly [ClaimStatus, ClaimStatus],
): FieldError[] {
  const verbs = [...(isOnNode(request, nodeOf(now)) ? [OWN_NODE] : []), ANY_NODE].map(prefix => prefix + verb)
  return changedDrivers(now, old).flatMap(driver => {
    const why = refusal(verbs, { subresource: 'driver', name: driver })
    if (why === undefined) return []
    const needed = `resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission`
    return [forbiddenField('status.devices', `changing status.devices requires ${needed}: ${why}`)]
  })
}

/** Upstream does this where claims are stored; as a plugin it sees every way of writing them. */
export const claimStatusRights = (authorizers: readonly Authorizer[]): AdmissionPlugin => ({
  name: 'ResourceClaimStatusRights',
  kinds: [ResourceClaim],
  validate(request) {
    const { verb, subresource, object, oldObject } = request
    if (verb === undefined || subresource !== 'status' || !isType(request, ResourceClaim) || !oldObject) return
    const [now, old] = [object, oldObject].map(claim => (claim as unknown as ResourceClaim).status ?? {})
    if (!now || !old) return
    const refusal = refusalsOf(authorizers, request)
    const errors = [
      ...bindingErrors(refusal, verb, now, old),
      // Nothing is told of devices that are given back.
      ...(now.allocation ? deviceErrors(refusal, request, verb, [now, old]) : []),
    ]
    if (errors.length > 0) throw invalid(request.resource.type, request.name, errors)
  },
})
