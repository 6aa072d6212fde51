// MutatingAdmissionPolicy: expressions that change what is written, by applied configurations or JSON patches.
//
// When one of them changed something, the chain runs a second time; in that round only policies that ask for it
// (reinvocationPolicy IfNeeded) are asked again, and only if the object is not what they left behind.
// @see https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../../../shared/api/admissionregistration/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { ApiError, forbidden } from '../../../../shared/machinery/status.ts'
import { CelError } from '../../../cel/errors.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import { cloneInPieces } from '../../../pieces/large-json.ts'
import { inTurns, Pacer } from '../../../pieces/pacer.ts'
import { become, isUnchanged } from '../changed-object.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../contract.ts'
import type { ServerView } from '../../endpoints/server-view.ts'
import { viewsOf } from '../matching/convert.ts'
import { cached, compileMutating } from './compile.ts'
import { BUDGET, conditionsHold, Evaluation, type Input } from './expressions.ts'
import { type Invocation, invocationsFor, isExempt, namespaceObject } from './invocations.ts'
import { mutate } from './mutate.ts'
import { StoredPolicies } from './stored.ts'

type Policy = MutatingAdmissionPolicy
type Binding = MutatingAdmissionPolicyBinding

/** What the first round has left for the second. */
interface Round {
  /** Policies that want to be asked again when the object changed after them. */
  readonly eager: Set<string>
  /** Those of them for which it has. */
  readonly due: Set<string>
  /** The object when the policies were done with it. */
  left: AnyObject | undefined
}

const compiled = cached(compileMutating)

const idOf = ({ policy, binding, params }: Invocation<Policy, Binding>) =>
  [policy.metadata.name, binding.metadata.name, params?.metadata.namespace, params?.metadata.name].join('/')

function refusal(request: AdmissionRequest, messages: readonly string[]): ApiError {
  const { status } = forbidden(request.resource.type, request.name, '')
  const causes = messages.map(message => ({ message }))
  return new ApiError(403, 'Invalid', messages[0] ?? '', { ...status.details, causes })
}

class Dispatch {
  readonly #policies: StoredPolicies<Policy, Binding>
  readonly #store: ObjectStore
  readonly #rounds = new WeakMap<AdmissionRequest, Round>()

  constructor(policies: StoredPolicies<Policy, Binding>, store: ObjectStore) {
    this.#policies = policies
    this.#store = store
  }

  /** @returns whether the object was changed, so that others should see it again */
  async run(request: AdmissionRequest, server: ServerView): Promise<boolean> {
    const { bound } = this.#policies
    if (isExempt(request)) return false
    const { invocations, misconfigured } = await invocationsFor(bound, request, this.#store, server)
    const messages = misconfigured
      .filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore')
      .map(({ policy, binding, message }) =>
        binding
          ? `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`
          : `policy "${policy.metadata.name}" denied request: ${message}`,
      )
    const before = this.#rounds.get(request)
    if (before && !(await isUnchanged(request, before.left, request.object)))
      for (const id of before.eager) before.due.add(id)
    const round: Round = before ?? { eager: new Set(), due: new Set(), left: undefined }
    if (!before) this.#rounds.set(request, round)
    let changed = false
    const pacer = new Pacer()
    for (const invocation of invocations) {
      if (pacer.due) await pacer.pause()
      const id = idOf(invocation)
      if (before && !round.due.has(id)) continue
      const { policy, binding } = invocation
      try {
        const result = await this.#invoke(invocation, request, server, pacer)
        if (result === 'skipped') continue
        if (result === 'changed') {
          changed = true
          for (const other of round.eager) round.due.add(other)
        }
        if (policy.spec.reinvocationPolicy === 'IfNeeded') round.eager.add(id)
      } catch (error) {
        if (!(error instanceof CelError) && !(error instanceof ApiError)) throw error
        if (policy.spec.failurePolicy !== 'Ignore')
          messages.push(
            `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${error.message}`,
          )
      }
    }
    round.left = request.object && ((await inTurns(cloneInPieces(request.object))) as AnyObject)
    if (messages.length > 0) throw refusal(request, messages)
    return changed
  }

  /** @throws CelError, ApiError */
  async #invoke(
    { policy, shown, params }: Invocation<Policy, Binding>,
    request: AdmissionRequest,
    server: ServerView,
    pacer: Pacer,
  ): Promise<'changed' | 'unchanged' | 'skipped'> {
    const { conditions, variables, mutations } = compiled(policy)
    const { object } = request
    const input = async (): Promise<Input> => ({
      request,
      shown,
      ...(await viewsOf(request)(shown)),
      params,
      namespace: namespaceObject(request, this.#store),
      authorize: server.authorize,
    })
    if (!(await conditionsHold(conditions, await input()))) return 'skipped'
    // What is deleted cannot be changed.
    if (!object || request.operation === 'DELETE') return 'unchanged'
    const before = await inTurns(cloneInPieces(object))
    for (const mutation of mutations) {
      if (pacer.due) await pacer.pause()
      const seen = await input()
      const live = seen.object ?? object
      const made = await mutate(mutation, new Evaluation(seen, variables, BUDGET), live, shown, request)
      become(object, made)
    }
    return (await isUnchanged(request, before, object)) ? 'unchanged' : 'changed'
  }
}

/** Follows the store; dispose it before the store. */
export function mutatingAdmissionPolicy(store: ObjectStore): AdmissionPlugin & Disposable {
  const policies = new StoredPolicies<Policy, Binding>(store, 'mutatingadmissionpolic')
  const dispatch = new Dispatch(policies, store)
  let server: ServerView | undefined
  return {
    name: 'MutatingAdmissionPolicy',
    attach: given => {
      server = given
    },
    mutate(request) {
      if (!server || policies.bound.length === 0) return undefined
      return dispatch.run(request, server).then(changed => (changed ? 'again' : undefined))
    },
    [Symbol.dispose]: () => policies[Symbol.dispose](),
  }
}
