// The variables of admission expressions, and their types.
// @see https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#validation-expression
import { Environment } from '../../../cel/environment.ts'
import { BOOL, type CelType, DYN, INT, listOf, mapOf, opaque, STRING, TIMESTAMP } from '../../../cel/types.ts'
import { authorizerLibrary } from './authorizer.ts'
import { patchLibrary, patchTypes } from './patch-types.ts'

const object = (name: string, fields: Readonly<Record<string, CelType>>): CelType => ({
  kind: 'object',
  name,
  fields: new Map(Object.entries(fields)),
})

const gvk = object('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING })
const gvr = object('kubernetes.GroupVersionResource', { group: STRING, version: STRING, resource: STRING })
export const userInfoType = object('kubernetes.UserInfo', {
  username: STRING,
  uid: STRING,
  groups: listOf(STRING),
  extra: mapOf(STRING, listOf(STRING)),
})

export const requestType = object('kubernetes.AdmissionRequest', {
  kind: gvk,
  resource: gvr,
  subResource: STRING,
  requestKind: gvk,
  requestResource: gvr,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: userInfoType,
  dryRun: BOOL,
  options: DYN,
})

const metadata = object('kubernetes.NamespaceMetadata', {
  name: STRING,
  generateName: STRING,
  namespace: STRING,
  labels: mapOf(STRING, STRING),
  annotations: mapOf(STRING, STRING),
  uid: STRING,
  creationTimestamp: TIMESTAMP,
  deletionGracePeriodSeconds: INT,
  deletionTimestamp: TIMESTAMP,
  generation: INT,
  resourceVersion: STRING,
  finalizers: listOf(STRING),
})
const condition = object('kubernetes.NamespaceCondition', {
  status: STRING,
  type: STRING,
  lastTransitionTime: TIMESTAMP,
  message: STRING,
  reason: STRING,
})
export const namespaceType = object('kubernetes.Namespace', {
  metadata,
  spec: object('kubernetes.NamespaceSpec', { finalizers: listOf(STRING) }),
  status: object('kubernetes.NamespaceStatus', { conditions: listOf(condition), phase: STRING }),
})

export interface ExpressionKind {
  readonly params: boolean
  readonly authorizer: boolean
  /** What a policy calls `variables.…`, with what they evaluate to. */
  readonly variables?: ReadonlyMap<string, CelType>
  /** Objects and JSON patches can be made: in mutations. */
  readonly patches?: boolean
  /** Known types of the object, for checking beforehand; anything otherwise. */
  readonly objectType?: CelType
  readonly paramsType?: CelType
}

export function policyEnvironment(kind: ExpressionKind): Environment {
  const variables = new Map<string, CelType>([
    ['object', kind.objectType ?? DYN],
    ['oldObject', kind.objectType ?? DYN],
    ['request', requestType],
    ['namespaceObject', namespaceType],
  ])
  if (kind.params) variables.set('params', kind.paramsType ?? DYN)
  if (kind.authorizer) {
    variables.set('authorizer', opaque('kubernetes.authorization.Authorizer'))
    variables.set('authorizer.requestResource', opaque('kubernetes.authorization.ResourceCheck'))
  }
  if (kind.variables)
    variables.set('variables', { kind: 'object', name: 'kubernetes.variables', fields: kind.variables })
  return new Environment({
    variables,
    libraries: [authorizerLibrary, ...(kind.patches ? [patchLibrary] : [])],
    ...(kind.patches ? { structs: patchTypes } : {}),
  })
}
