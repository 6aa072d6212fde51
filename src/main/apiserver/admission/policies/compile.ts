// A policy with its expressions compiled; kept for as long as the stored object is.
import type {
  MutatingAdmissionPolicy,
  ValidatingAdmissionPolicy,
  Validation,
} from '../../../../shared/api/admissionregistration/v1.ts'
import type { CelType } from '../../../cel/types.ts'
import { type ExpressionKind, policyEnvironment } from './environment.ts'
import { compileConditions, compileExpression, compileVariables, type Expression } from './expressions.ts'
import { JSON_PATCH, OBJECT } from './patch-types.ts'

interface CompiledPolicy {
  readonly conditions: readonly Expression[]
  readonly variables: ReadonlyMap<string, Expression>
}

export interface CompiledValidation {
  readonly validation: Validation
  readonly expression: Expression
  readonly message: Expression | undefined
}

export interface CompiledValidating extends CompiledPolicy {
  readonly validations: readonly CompiledValidation[]
  readonly auditAnnotations: readonly { readonly key: string; readonly expression: Expression }[]
}

/** Known types, for checking a policy against the kinds that it matches. */
export interface KnownTypes {
  readonly objectType?: CelType
  readonly paramsType?: CelType
}

export function compileValidating(
  { spec }: Pick<ValidatingAdmissionPolicy, 'spec'>,
  types: KnownTypes = {},
): CompiledValidating {
  const params = spec.paramKind !== undefined
  const kind: ExpressionKind = { params, authorizer: true, ...types }
  const variables = compileVariables(spec.variables, kind)
  const environment = policyEnvironment({ ...kind, variables: variables.types })
  const messages = policyEnvironment({ ...kind, authorizer: false, variables: variables.types })
  return {
    conditions: compileConditions(spec.matchConditions, params),
    variables: variables.expressions,
    validations: (spec.validations ?? []).map(validation => ({
      validation,
      expression: compileExpression(environment, validation.expression, ['bool']),
      message: validation.messageExpression
        ? compileExpression(messages, validation.messageExpression, ['string'])
        : undefined,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: compileExpression(environment, valueExpression, ['string', 'null']),
    })),
  }
}

export interface CompiledMutation {
  readonly patchType: string
  readonly expression: Expression
}

export interface CompiledMutating extends CompiledPolicy {
  readonly mutations: readonly CompiledMutation[]
}

export function compileMutating({ spec }: Pick<MutatingAdmissionPolicy, 'spec'>): CompiledMutating {
  const params = spec.paramKind !== undefined
  const kind: ExpressionKind = { params, authorizer: true }
  const variables = compileVariables(spec.variables, kind)
  const environment = policyEnvironment({ ...kind, patches: true, variables: variables.types })
  return {
    conditions: compileConditions(spec.matchConditions, params),
    variables: variables.expressions,
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }) => ({
      patchType,
      expression:
        patchType === 'ApplyConfiguration'
          ? compileExpression(environment, applyConfiguration?.expression ?? '', [OBJECT])
          : compileExpression(environment, jsonPatch?.expression ?? '', [`list(${JSON_PATCH})`]),
    })),
  }
}

/** Compiles once per stored object: stored objects are never changed. */
export function cached<P extends object, C>(compile: (policy: P) => C): (policy: P) => C {
  const known = new WeakMap<P, C>()
  return policy => {
    let compiled = known.get(policy)
    if (compiled === undefined) known.set(policy, (compiled = compile(policy)))
    return compiled
  }
}
