// ValidatingAdmissionPolicy: expressions of the cluster's administrators refuse, warn of or note what is written.
// @see https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../../shared/api/admissionregistration/v1.ts'
import { ApiError, forbidden } from '../../../../shared/machinery/status.ts'
import { CelError } from '../../../cel/errors.ts'
import { Pacer } from '../../../pieces/pacer.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../contract.ts'
import type { ServerView } from '../../endpoints/server-view.ts'
import { viewsOf } from '../matching/convert.ts'
import { AuditNotes } from './audit-notes.ts'
import { cached, type CompiledValidation, compileValidating } from './compile.ts'
import { BUDGET, conditionsHold, Evaluation, type Input } from './expressions.ts'
import { type Invocation, invocationsFor, isExempt, namespaceObject } from './invocations.ts'
import { StoredPolicies } from './stored.ts'

const MAX_MESSAGE_BYTES = 5 * 1024
const CODES: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
}

type Policy = ValidatingAdmissionPolicy
type Binding = ValidatingAdmissionPolicyBinding

interface Finding {
  readonly message: string
  readonly reason: string
  /** Of the validation. */
  readonly index: number
}

const compiled = cached(compileValidating)

/** A message that an expression makes counts when it is a line of text. */
async function messageOf({ validation, message }: CompiledValidation, evaluation: Evaluation): Promise<string> {
  let made = ''
  if (message) {
    try {
      const value = await evaluation.run(message)
      made = typeof value === 'string' ? value.trim() : ''
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      if (evaluation.budget < 0) return `failed messageExpression: ${error.message}`
    }
  }
  if (made !== '' && !made.includes('\n') && Buffer.byteLength(made) <= MAX_MESSAGE_BYTES) return made
  return validation.message?.trim() || `failed expression: ${validation.expression.trim()}`
}

/** @returns what the policy has against the request */
async function findings(
  { policy }: Invocation<Policy, Binding>,
  input: Input,
  notes: AuditNotes,
  pacer: Pacer,
): Promise<Finding[]> {
  const { conditions, variables, validations, auditAnnotations } = compiled(policy)
  const ignored = policy.spec.failurePolicy === 'Ignore'
  const failure = (error: unknown, index = 0): Finding[] => {
    if (!(error instanceof CelError)) throw error
    return ignored ? [] : [{ message: error.message, reason: 'Invalid', index }]
  }
  try {
    if (!(await conditionsHold(conditions, input))) return []
  } catch (error) {
    return failure(error)
  }
  const evaluation = new Evaluation(input, variables, BUDGET)
  const found: Finding[] = []
  for (const [index, each] of validations.entries()) {
    if (pacer.due) await pacer.pause()
    try {
      if ((await evaluation.run(each.expression)) === true) continue
      found.push({ message: await messageOf(each, evaluation), reason: each.validation.reason ?? 'Invalid', index })
    } catch (error) {
      found.push(...failure(error, index))
      if (evaluation.budget < 0) return found
    }
  }
  const values = new Evaluation(input, variables, BUDGET)
  for (const { key, expression } of auditAnnotations) {
    if (pacer.due) await pacer.pause()
    try {
      notes.add(policy.metadata.name, key, await values.run(expression))
    } catch (error) {
      found.push(...failure(error))
    }
  }
  return found
}

function refusal(request: AdmissionRequest, { message, reason }: Omit<Finding, 'index'>): ApiError {
  const { message: text, status } = forbidden(request.resource.type, request.name, message)
  return new ApiError(CODES[reason] ?? 422, reason, text, { ...status.details, causes: [{ message }] })
}

async function validate(
  policies: StoredPolicies<Policy, Binding>,
  request: AdmissionRequest,
  store: ObjectStore,
  server: ServerView,
): Promise<void> {
  const { invocations, misconfigured } = await invocationsFor(policies.bound, request, store, server)
  const denied: Omit<Finding, 'index'>[] = misconfigured
    .filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore')
    .map(({ policy, binding, message }) => {
      const through = binding ? ` with binding '${binding.metadata.name}'` : ''
      const whole = `ValidatingAdmissionPolicy '${policy.metadata.name}'${through} denied request: ${message}`
      return { message: whole, reason: 'Invalid' }
    })
  const namespace = invocations.length > 0 ? namespaceObject(request, store) : undefined
  const viewsIn = viewsOf(request)
  const notes = new AuditNotes()
  const pacer = new Pacer()
  for (const invocation of invocations) {
    const { policy, binding, shown, params } = invocation
    const input: Input = {
      request,
      shown,
      ...(await viewsIn(shown)),
      params,
      namespace,
      authorize: server.authorize,
    }
    const names = [policy.metadata.name, binding.metadata.name] as const
    const { validationActions } = binding.spec
    for (const { message, reason, index } of await findings(invocation, input, notes, pacer)) {
      if (validationActions.includes('Audit'))
        notes.failed({ message, policy: names[0], binding: names[1], expressionIndex: index, validationActions })
      if (validationActions.includes('Deny'))
        denied.push({
          message: `ValidatingAdmissionPolicy '${names[0]}' with binding '${names[1]}' denied request: ${message}`,
          reason,
        })
      if (validationActions.includes('Warn'))
        request.warn(
          `Validation failed for ValidatingAdmissionPolicy '${names[0]}' with binding '${names[1]}': ${message}`,
        )
    }
  }
  notes.publish(request)
  if (denied[0]) throw refusal(request, denied[0])
}

/** Follows the store; dispose it before the store. */
export function validatingAdmissionPolicy(store: ObjectStore): AdmissionPlugin & Disposable {
  const policies = new StoredPolicies<Policy, Binding>(store, 'validatingadmissionpolic')
  let server: ServerView | undefined
  return {
    name: 'ValidatingAdmissionPolicy',
    attach: given => {
      server = given
    },
    validate(request) {
      if (!server || policies.bound.length === 0 || isExempt(request)) return undefined
      return validate(policies, request, store, server)
    },
    [Symbol.dispose]: () => policies[Symbol.dispose](),
  }
}
