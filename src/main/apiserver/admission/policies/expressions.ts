// Compiled expressions of a policy and their evaluation: variables are computed when first read, one budget pays for all
// of it, and others have their turn where it takes long.
import type { MatchCondition, Variable } from '../../../../shared/api/admissionregistration/v1.ts'
import { type Compiled, type Environment, PER_CALL_LIMIT, tryCompile } from '../../../cel/environment.ts'
import { CelError } from '../../../cel/errors.ts'
import type { Variables } from '../../../cel/evaluate.ts'
import type { Outcome } from '../../../cel/program.ts'
import { type CelType, DYN } from '../../../cel/types.ts'
import { type CelMap, fromJson, type Value } from '../../../cel/values.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { AdmissionRequest } from '../contract.ts'
import { connectObject, shownRequest } from '../shown-request.ts'
import { type Authorize, Authorizer, requestResource } from './authorizer.ts'
import { type ExpressionKind, namespaceType, policyEnvironment, requestType } from './environment.ts'

/** For one policy, binding and parameter. */
export const BUDGET = 10_000_000
export const CONDITIONS_BUDGET = 2_500_000

export interface Expression {
  readonly text: string
  readonly program?: Compiled
  /** Why it does not compile. */
  readonly error?: string
}

/**
 * @param text may be missing in what is not validated yet
 * @param wanted names of the types that the expression may have; none = any
 */
export function compileExpression(
  environment: Environment,
  text: string | undefined,
  wanted: readonly string[],
): Expression {
  if (text === undefined) return { text: '', error: 'no expression' }
  const program = tryCompile(environment, text)
  if (program instanceof Error) return { text, error: program.told }
  if (wanted.length === 0 || wanted.includes(program.type.name)) return { text, program }
  const [only] = wanted
  const expected = wanted.length === 1 ? only : `one of [${wanted.join(' ')}]`
  return { text, error: `must evaluate to ${expected} but got ${program.type.name}` }
}

/** Each variable sees those before it. */
export function compileVariables(
  variables: readonly Variable[] | undefined,
  kind: ExpressionKind,
): { readonly types: ReadonlyMap<string, CelType>; readonly expressions: ReadonlyMap<string, Expression> } {
  const types = new Map<string, CelType>()
  const expressions = new Map<string, Expression>()
  for (const { name, expression } of variables ?? []) {
    const compiled = compileExpression(policyEnvironment({ ...kind, variables: types }), expression, [])
    expressions.set(name, compiled)
    types.set(name, compiled.program?.type ?? DYN)
  }
  return { types, expressions }
}

/** @returns the conditions as expressions; compiled once per list that is stored */
export function compileConditions(conditions: readonly MatchCondition[] | undefined, params: boolean): Expression[] {
  if (!conditions?.length) return []
  const environment = policyEnvironment({ params, authorizer: true })
  return conditions.map(({ expression }) => compileExpression(environment, expression, ['bool']))
}

/** What expressions see of a request. */
export interface Input {
  readonly request: AdmissionRequest
  /** The version in which the objects are shown. */
  readonly shown: ResourceDescriptor
  readonly object: AnyObject | undefined
  readonly oldObject: AnyObject | undefined
  readonly params: AnyObject | undefined
  readonly namespace: AnyObject | undefined
  readonly authorize: Authorize
}

function requestValue({ request, shown }: Input): Value {
  const { name: username, uid = '', groups, extra = {} } = request.user
  const { options, ...rest } = shownRequest(request, shown)
  const userInfo = { username, uid, groups, extra }
  return fromJson({ ...rest, userInfo, ...(options ? { options } : {}) }, requestType)
}

/** A variable that takes long is computed before the expression that reads it is evaluated again. */
class LongVariable extends Error {
  override readonly name = 'LongVariable'
  readonly variable: string

  constructor(variable: string) {
    super()
    this.variable = variable
  }
}

export class Evaluation {
  /** What is left to spend; below zero, nothing more is evaluated. */
  budget: number
  readonly #values = new Map<string, Value>()
  readonly #computed = new Map<string, Value | CelError>()
  readonly #input: Input
  readonly #variables: ReadonlyMap<string, Expression>

  constructor(input: Input, variables: ReadonlyMap<string, Expression>, budget: number) {
    this.#input = input
    this.#variables = variables
    this.budget = budget
  }

  #make(name: string): Value | undefined {
    const { request, oldObject, params, namespace, authorize } = this.#input
    const object = connectObject(request) ?? this.#input.object
    const json = (value: AnyObject | undefined) => (value === undefined ? null : fromJson(value, DYN))
    switch (name) {
      case 'object':
        return json(object)
      case 'oldObject':
        return json(oldObject)
      case 'params':
        return json(params)
      case 'request':
        return requestValue(this.#input)
      case 'namespaceObject':
        return namespace === undefined ? null : fromJson(namespace, namespaceType)
      case 'authorizer':
        return new Authorizer(request.user, authorize)
      case 'authorizer.requestResource':
        return requestResource(new Authorizer(request.user, authorize), request)
      case 'variables':
        return this.#lazily()
      default:
        return undefined
    }
  }

  readonly #read: Variables = name => {
    const known = this.#values.get(name)
    if (known !== undefined) return known
    const value = this.#make(name)
    if (value !== undefined) this.#values.set(name, value)
    return value
  }

  #lazily(): CelMap {
    const computed = this.#computed
    return {
      isMap: true,
      typeName: 'kubernetes.variables',
      size: this.#variables.size,
      keys: () => [...this.#variables.keys()],
      get: key => {
        const name = String(key)
        let value = computed.get(name)
        if (value === undefined) computed.set(name, (value = this.#variable(name)))
        if (value instanceof CelError) throw value
        return value
      },
    }
  }

  #variable(name: string): Value | CelError {
    const expression = this.#variables.get(name)
    if (!expression?.program)
      return new CelError(`composited variable ${JSON.stringify(name)} fails to compile: ${expression?.error ?? 'no such variable'}`) // prettier-ignore
    const outcome = expression.program.runShortly(this.#read, this.#limit)
    if (!outcome) throw new LongVariable(name)
    return this.#paid(name, outcome)
  }

  #paid(name: string, { value, error, cost }: Outcome): Value | CelError {
    this.budget -= cost
    const why = () => `composited variable ${JSON.stringify(name)} fails to evaluate: ${error?.message ?? ''}`
    return value === undefined ? new CelError(why()) : value
  }

  async #outcome(program: Compiled): Promise<Outcome> {
    for (;;) {
      try {
        return await program.runInTurns(this.#read, this.#limit)
      } catch (error) {
        if (!(error instanceof LongVariable)) throw error
        const { variable } = error
        const itsProgram = this.#variables.get(variable)?.program
        if (itsProgram) this.#computed.set(variable, this.#paid(variable, await this.#outcome(itsProgram)))
      }
    }
  }

  get #limit(): number {
    return Math.max(0, Math.min(PER_CALL_LIMIT, this.budget))
  }

  /** @throws CelError with upstream's words when it does not compile, fails, or cannot be paid */
  async run({ text, program, error }: Expression): Promise<Value> {
    if (!program) throw new CelError(`compilation error: ${error ?? ''}`)
    const outcome = await this.#outcome(program)
    this.budget -= outcome.cost
    if (this.budget < 0)
      throw new CelError('validation failed due to running out of cost budget, no further validation rules will be run')
    if (outcome.value === undefined)
      throw new CelError(`expression '${text}' resulted in error: ${outcome.error?.message ?? ''}`)
    return outcome.value
  }
}

/** @returns whether all conditions hold; one that is false decides, whatever happens to others @throws CelError */
export async function conditionsHold(conditions: readonly Expression[], input: Input): Promise<boolean> {
  if (conditions.length === 0) return true
  const evaluation = new Evaluation(input, new Map(), CONDITIONS_BUDGET)
  const errors: string[] = []
  for (const condition of conditions) {
    try {
      if ((await evaluation.run(condition)) === false) return false
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      errors.push(error.message)
    }
  }
  if (errors.length > 0) throw new CelError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`)
  return true
}
