// `authorizer` in expressions: asks the server's own authorizers whether a user might do something.
// @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-authorizer-library
import { CelError } from '../../../cel/errors.ts'
import { type Library, method } from '../../../cel/library/declare.ts'
import { Opaque } from '../../../cel/values.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../../authz/contract.ts'
import type { UserInfo } from '../../request.ts'
import type { AdmissionRequest } from '../contract.ts'

export type Authorize = (attributes: AuthorizationAttributes) => AuthorizationDecision

const PREFIX = 'kubernetes.authorization.'
type Asked = Omit<AuthorizationAttributes, 'verb' | 'user'>

const NOTHING: Asked = {
  isResource: true,
  group: '',
  version: '*',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  path: '',
}

/** Each question is another value; two are equal only when they are the same. */
abstract class Question extends Opaque {
  equals(other: Opaque): boolean {
    return other === this
  }
}

export class Authorizer extends Question {
  readonly type = `${PREFIX}Authorizer`
  readonly user: UserInfo
  readonly authorize: Authorize
  constructor(user: UserInfo, authorize: Authorize) {
    super()
    this.user = user
    this.authorize = authorize
  }
}

class Check extends Question {
  readonly type: string
  readonly from: Authorizer
  readonly asked: Asked
  constructor(type: string, from: Authorizer, asked: Asked) {
    super()
    this.type = PREFIX + type
    this.from = from
    this.asked = asked
  }
  with(type: string, asked: Partial<Asked>): Check {
    return new Check(type, this.from, { ...this.asked, ...asked })
  }
}

class Decision extends Question {
  readonly type = `${PREFIX}Decision`
  readonly allowed: boolean
  readonly reason: string
  constructor({ decision, reason = '' }: AuthorizationDecision) {
    super()
    this.allowed = decision === 'allow'
    this.reason = reason
  }
}

function notEmpty(text: string, what: string): string {
  if (text === '') throw new CelError(`${what} must not be empty`)
  return text
}

const check = ({ from: { user, authorize }, asked }: Check, verb: string) =>
  new Decision(authorize({ ...asked, verb: asked.isResource ? verb : verb.toLowerCase(), user }))

function serviceAccount({ authorize }: Authorizer, namespace: string, name: string): Authorizer {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
  return new Authorizer({ name: `system:serviceaccount:${namespace}:${name}`, groups }, authorize)
}

/** `authorizer.requestResource`: about the very object that the request is about. */
export const requestResource = (authorizer: Authorizer, { resource, subresource, namespace, name }: AdmissionRequest) =>
  new Check('ResourceCheck', authorizer, {
    ...NOTHING,
    group: resource.type.group,
    version: resource.type.version,
    resource: resource.type.plural,
    subresource,
    namespace,
    name,
  })

const [AUTHORIZER, PATH, GROUP, RESOURCE, DECISION] = [
  'Authorizer',
  'PathCheck',
  'GroupCheck',
  'ResourceCheck',
  'Decision',
].map(name => PREFIX + name)

/** Rules do not know selectors: who may do something at all may do it to a selection. */
const whole = (question: Check) => question

export const authorizerLibrary: Library = [
  method(
    'path',
    'authorizer_path',
    `${AUTHORIZER}; string -> ${PATH}`,
    (from: Authorizer, path: string) =>
      new Check('PathCheck', from, { ...NOTHING, isResource: false, path: notEmpty(path, 'path') }),
  ),
  method(
    'group',
    'authorizer_group',
    `${AUTHORIZER}; string -> ${GROUP}`,
    (from: Authorizer, group: string) => new Check('GroupCheck', from, { ...NOTHING, group }),
  ),
  method(
    'serviceAccount',
    'authorizer_serviceaccount',
    `${AUTHORIZER}; string; string -> ${AUTHORIZER}`,
    serviceAccount,
  ),
  method('resource', 'groupcheck_resource', `${GROUP}; string -> ${RESOURCE}`, (question: Check, resource: string) =>
    question.with('ResourceCheck', { resource: notEmpty(resource, 'resource') }),
  ),
  method(
    'subresource',
    'resourcecheck_subresource',
    `${RESOURCE}; string -> ${RESOURCE}`,
    (question: Check, subresource: string) => question.with('ResourceCheck', { subresource }),
  ),
  method(
    'namespace',
    'resourcecheck_namespace',
    `${RESOURCE}; string -> ${RESOURCE}`,
    (question: Check, namespace: string) => question.with('ResourceCheck', { namespace }),
  ),
  method('name', 'resourcecheck_name', `${RESOURCE}; string -> ${RESOURCE}`, (question: Check, name: string) =>
    question.with('ResourceCheck', { name }),
  ),
  method('fieldSelector', 'authorizer_fieldselector', `${RESOURCE}; string -> ${RESOURCE}`, whole),
  method('labelSelector', 'authorizer_labelselector', `${RESOURCE}; string -> ${RESOURCE}`, whole),
  method('check', 'pathcheck_check', `${PATH}; string -> ${DECISION}`, check),
  method('check', 'resourcecheck_check', `${RESOURCE}; string -> ${DECISION}`, check),
  method('allowed', 'decision_allowed', `${DECISION} -> bool`, (decision: Decision) => decision.allowed),
  method('reason', 'decision_reason', `${DECISION} -> string`, (decision: Decision) => decision.reason),
  // Our authorizers always have an answer.
  method('errored', 'decision_errored', `${DECISION} -> bool`, () => false),
  method('error', 'decision_error', `${DECISION} -> string`, () => ''),
]
