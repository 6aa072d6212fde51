// Checks the expressions of validating policies against the kinds that they match, and says in their status what will
// not work: a policy that reads a field which no such object has would refuse, or let through, everything.
// @see https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking
import {
  type ExpressionWarning,
  type ParamKind,
  ValidatingAdmissionPolicy,
} from '../../../../shared/api/admissionregistration/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { apiVersionOf } from '../../../../shared/machinery/resource-type.ts'
import { isConflict, isNotFound } from '../../../../shared/machinery/status.ts'
import type { WatchHandle } from '../../../store/contract.ts'
import { API_SERVER } from '../../authn/own-user.ts'
import type { EndpointContext } from '../../endpoints/contract.ts'
import { prefixOf } from '../../keys.ts'
import type { ResourceIndex } from '../../registry/resource-index.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { compileValidating } from './compile.ts'
import type { Expression } from './expressions.ts'
import { objectTypeOf } from './known-types.ts'

/** A policy about more kinds is checked against these many. */
const MOST_KINDS = 10
const PREFIX = 'compilation failed: '

const kindText = ({ type }: ResourceDescriptor) => `${apiVersionOf(type)}, Kind=${type.kind}`

/** The kinds that the rules name; wildcards and subresources name none. */
function kindsOf({ spec }: ValidatingAdmissionPolicy, resources: ResourceIndex): ResourceDescriptor[] {
  const found = new Map<string, ResourceDescriptor>()
  for (const { apiGroups = [], apiVersions = [], resources: plurals = [] } of spec.matchConstraints?.resourceRules ??
    [])
    for (const group of apiGroups)
      for (const version of apiVersions)
        for (const plural of plurals) {
          const resource = resources.byUrl(group, version, plural)
          if (resource) found.set(kindText(resource), resource)
        }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MOST_KINDS).map(([, resource]) => resource) // prettier-ignore
}

function paramsTypeOf({ apiVersion = '', kind = '' }: ParamKind, resources: ResourceIndex) {
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  const resource = resources.byKind(group, version, kind)
  return resource && objectTypeOf(resource)
}

/** @returns what is wrong with which expression, for all kinds where it is */
export function expressionWarnings(policy: ValidatingAdmissionPolicy, resources: ResourceIndex): ExpressionWarning[] {
  const paramsType = policy.spec.paramKind && paramsTypeOf(policy.spec.paramKind, resources)
  const warnings = new Map<string, string[]>()
  const note = (fieldRef: string, kind: ResourceDescriptor, expression: Expression | undefined) => {
    if (expression?.error === undefined) return
    const text = expression.error.startsWith(PREFIX) ? expression.error.slice(PREFIX.length) : expression.error
    warnings.set(fieldRef, [...(warnings.get(fieldRef) ?? []), `${kindText(kind)}: ${text}`])
  }
  for (const kind of kindsOf(policy, resources)) {
    const types = { objectType: objectTypeOf(kind), ...(paramsType ? { paramsType } : {}) }
    const { validations } = compileValidating(policy, types)
    for (const [i, { expression, message }] of validations.entries()) {
      note(`spec.validations[${i}].expression`, kind, expression)
      note(`spec.validations[${i}].messageExpression`, kind, message)
    }
  }
  return [...warnings].map(([fieldRef, texts]) => ({ fieldRef, warning: texts.join('\n') }))
}

const asPolicy = (object: unknown) => object as ValidatingAdmissionPolicy

/** Follows the stored policies; each is checked once per generation. */
export class PolicyTypeChecks implements Disposable {
  readonly #context: EndpointContext
  readonly #type: ResourceDescriptor
  readonly #waiting = new Set<string>()
  #running = false
  #closed = false
  #watch: WatchHandle | undefined

  /** @param type the descriptor of ValidatingAdmissionPolicy */
  constructor(context: EndpointContext, type: ResourceDescriptor) {
    this.#context = context
    this.#type = type
  }

  start(): void {
    if (this.#closed) return
    const { store } = this.#context
    const prefix = prefixOf(this.#type)
    const { items, revision } = store.list(prefix)
    for (const { object } of items) this.#take(asPolicy(object))
    this.#watch = store.watch(prefix, {
      from: revision,
      onEvent: ({ type, current }) => {
        if (type !== 'DELETED') this.#take(asPolicy(current.object))
      },
      onEnd: () => this.start(),
    })
  }

  #take({ metadata, status }: ValidatingAdmissionPolicy): void {
    if ((status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)) return
    this.#waiting.add(metadata.name)
    if (this.#running) return
    this.#running = true
    setImmediate(() => void this.#work())
  }

  async #work(): Promise<void> {
    for (const name of this.#waiting) {
      this.#waiting.delete(name)
      if (this.#closed) break
      await this.#check(name).catch((error: unknown) => {
        if (!isNotFound(error) && !isConflict(error) && !this.#closed)
          this.#context.log.warn({ err: error, name }, 'a policy could not be checked against its types')
      })
    }
    this.#running = false
  }

  async #check(name: string): Promise<void> {
    const { resources } = this.#context
    await this.#context.change(
      this.#type,
      { namespace: '', name },
      copy => {
        const policy = asPolicy(copy)
        const found = expressionWarnings(policy, resources)
        const typeChecking = found.length > 0 ? { expressionWarnings: found } : {}
        const next = { ...policy.status, observedGeneration: policy.metadata.generation ?? 0, typeChecking }
        if (deepEqual(policy.status, next)) return false
        policy.status = next
        return true
      },
      { user: API_SERVER, strategy: 'status', subresource: 'status', fieldManager: 'kube-apiserver' },
    )
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#watch?.close()
  }
}
