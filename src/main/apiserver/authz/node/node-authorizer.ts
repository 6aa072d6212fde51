// Node: a kubelet may read and write what belongs to its own node and to the pods bound to it, and nothing else.
// @see https://kubernetes.io/docs/reference/access-authn-authz/node/
import type { PolicyRule } from '../../../../shared/api/rbac/v1.ts'
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from '../contract.ts'
import { ruleAllows } from '../rbac/rules.ts'
import { nodeNameOf } from './node-identity.ts'
import type { NodeIndex } from './node-index.ts'
import { referenceTo } from './references.ts'

const ALLOW: AuthorizationDecision = { decision: 'allow' }
const NO_OPINION: AuthorizationDecision = { decision: 'no-opinion' }
const because = (reason: string): AuthorizationDecision => ({ decision: 'no-opinion', reason })
const LEASES = 'kube-node-lease'

type Question = AuthorizationAttributes & { readonly nodeName: string }
type Rule = (question: Question, index: NodeIndex) => AuthorizationDecision

const related = ({ nodeName, name }: Question, found: () => boolean): AuthorizationDecision => {
  if (name === '') return because('No Object name found')
  return found() ? ALLOW : because(`no relationship found between node '${nodeName}' and this object`)
}

/** Whether a collection is narrowed to what is of the node. */
const narrowedBy = (field: string, { fieldSelector = [], nodeName }: Question): boolean =>
  fieldSelector.some(each => each.field === field && each.op === '=' && each.value === nodeName)

const usedByPods = (question: Question, index: NodeIndex): AuthorizationDecision =>
  related(question, () =>
    index.uses(question.nodeName, referenceTo(question.resource, question.namespace, question.name)),
  )

/** get, list and watch of one object by its name, which pods of the node use. */
const readOne: Rule = (question, index) => {
  if (!['get', 'list', 'watch'].includes(question.verb)) return because('can only read resources of this type')
  if (question.subresource !== '') return because('cannot read subresource')
  if (question.namespace === '') return because('can only read namespaced object of this type')
  return usedByPods(question, index)
}

/** Certificates of the Ingresses and Gateways that the node serves, too. */
const secrets: Rule = (question, index) => {
  const answer = readOne(question, index)
  const { nodeName, namespace, name, verb, subresource } = question
  if (answer.decision === 'allow' || subresource !== '' || !['get', 'list', 'watch'].includes(verb)) return answer
  return index.servesCertificate(nodeName, namespace, name) ? ALLOW : answer
}

const getOnly =
  (rule: Rule): Rule =>
  (question, index) => {
    if (question.verb !== 'get') return because('can only get individual resources of this type')
    if (question.subresource !== '') return because('cannot get subresource')
    return rule(question, index)
  }

const claims: Rule = (question, index) => {
  if (question.subresource !== 'status') return getOnly(usedByPods)(question, index)
  if (!['update', 'patch'].includes(question.verb)) return because('can only get/update/patch this type')
  return usedByPods(question, index)
}

/** Tokens for its pods; the accounts themselves for what an image's registry wants to know of them. */
const serviceAccounts: Rule = (question, index) => {
  if (question.verb === 'get' && question.subresource === '') return readOne(question, index)
  if (question.verb !== 'create' || question.name === '')
    return because('can only create tokens for individual service accounts')
  if (question.subresource !== 'token') return because('can only create token subresource of serviceaccount')
  return usedByPods(question, index)
}

const OWN_VERBS = ['get', 'create', 'update', 'patch', 'delete']

const leases: Rule = ({ nodeName, verb, namespace, name }) => {
  if (!OWN_VERBS.includes(verb)) return because('can only get, create, update, patch, or delete a node lease')
  if (namespace !== LEASES) return because(`can only access leases in the "${LEASES}" system namespace`)
  // A create has no name yet: the NodeRestriction plugin looks at the object.
  if (verb !== 'create' && name !== nodeName)
    return because('can only access node lease with the same name as the requesting node')
  return ALLOW
}

const csiNodes: Rule = ({ nodeName, verb, subresource, name }) => {
  if (!OWN_VERBS.includes(verb)) return because('can only get, create, update, patch, or delete a CSINode')
  if (subresource !== '') return because('cannot authorize CSINode subresources')
  if (verb !== 'create' && name !== nodeName)
    return because('can only access CSINode with the same name as the requesting node')
  return ALLOW
}

/** Writes are narrowed further by NodeRestriction, which sees the objects. */
const nodes: Rule = ({ nodeName, verb, subresource, name }) => {
  if (subresource !== '' && subresource !== 'status') return NO_OPINION
  if (verb === 'update' || verb === 'patch') return ALLOW
  if (subresource !== '') return NO_OPINION
  if (verb === 'create') return ALLOW
  if (['get', 'list', 'watch'].includes(verb))
    return name === nodeName
      ? ALLOW
      : because(`node '${nodeName}' cannot read ${name ? `'${name}'` : 'all nodes'}, only its own Node object`)
  return NO_OPINION
}

const pods: Rule = (question, index) => {
  const { nodeName, namespace, name, verb, subresource } = question
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? ALLOW : NO_OPINION
  if (subresource === 'eviction') return verb === 'create' ? ALLOW : NO_OPINION
  if (subresource !== '') return NO_OPINION
  if (verb === 'create' || verb === 'delete') return ALLOW
  const oneOfIts = () => related(question, () => index.runsPod(nodeName, namespace, name))
  if (verb === 'get') return oneOfIts()
  if (verb !== 'list' && verb !== 'watch') return NO_OPINION
  if (narrowedBy('spec.nodeName', question)) return ALLOW
  return name === '' ? because('can only list/watch pods with spec.nodeName field selector') : oneOfIts()
}

const resourceSlices: Rule = (question, index) => {
  const { nodeName, verb, subresource, name } = question
  if (subresource !== '') return because('cannot authorize ResourceSlice subresources')
  if (verb === 'create') return ALLOW
  if (['get', 'update', 'patch', 'delete'].includes(verb))
    return related(question, () => index.hasSlice(nodeName, name))
  if (!['watch', 'list', 'deletecollection'].includes(verb))
    return because('only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection') // prettier-ignore
  if (narrowedBy('spec.nodeName', question)) return ALLOW
  return because('can only list/watch/deletecollection resourceslices with nodeName field selector')
}

const RULES: Readonly<Record<string, Rule>> = {
  '/secrets': secrets,
  '/configmaps': readOne,
  '/persistentvolumeclaims': claims,
  '/persistentvolumes': getOnly((question, index) =>
    related(question, () => index.usesVolume(question.nodeName, question.name)),
  ),
  'resource.k8s.io/resourceclaims': getOnly(usedByPods),
  'resource.k8s.io/resourceslices': resourceSlices,
  'storage.k8s.io/volumeattachments': getOnly((question, index) =>
    related(question, () => index.hasAttachment(question.nodeName, question.name)),
  ),
  '/serviceaccounts': serviceAccounts,
  'coordination.k8s.io/leases': leases,
  'storage.k8s.io/csinodes': csiNodes,
  '/nodes': nodes,
  '/pods': pods,
}

/** @param rules what every node may do besides, alike for all */
export function nodeAuthorizer(index: NodeIndex, rules: readonly PolicyRule[]): Authorizer {
  return {
    authorize(attributes) {
      const nodeName = nodeNameOf(attributes.user)
      if (nodeName === undefined) return NO_OPINION
      if (nodeName === '') return because(`unknown node for user ${JSON.stringify(attributes.user.name)}`)
      const subdivided = attributes.isResource ? RULES[`${attributes.group}/${attributes.resource}`] : undefined
      if (subdivided) return subdivided({ ...attributes, nodeName }, index)
      return rules.some(rule => ruleAllows(rule, attributes)) ? ALLOW : NO_OPINION
    },
    rulesFor: user =>
      nodeNameOf(user) === undefined
        ? { rules: [] }
        : { rules: [], incomplete: 'node authorizer does not support user rule resolution' },
  }
}
