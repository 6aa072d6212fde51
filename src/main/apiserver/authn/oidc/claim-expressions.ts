// Claims of ID tokens by expressions, as AuthenticationConfiguration has them: who the user is, and who may be one.
// @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
import type { JWTPayload } from 'jose'
import { type Compiled, Environment, PER_CALL_LIMIT, tryCompile } from '../../../cel/environment.ts'
import { toJson } from '../../../cel/to-json.ts'
import { type CelType, DYN, mapOf, STRING } from '../../../cel/types.ts'
import { fromJson } from '../../../cel/values.ts'
import { userInfoType } from '../../admission/policies/environment.ts'
import type { UserInfo } from '../../request.ts'
import { ClaimError } from './claim-error.ts'

const VARIABLES = { claims: mapOf(STRING, DYN), user: userInfoType } as const
type Variable = keyof typeof VARIABLES

const environments = {
  claims: new Environment({ variables: new Map<string, CelType>([['claims', VARIABLES.claims]]) }),
  user: new Environment({ variables: new Map<string, CelType>([['user', VARIABLES.user]]) }),
}

/** An expression that is true, or the user is refused with the message. */
export interface Rule {
  readonly expression: Compiled
  readonly message: string
}

export interface ClaimExpressions {
  readonly username?: Compiled
  readonly groups?: Compiled
  readonly uid?: Compiled
  readonly extra: readonly { readonly key: string; readonly value: Compiled }[]
  readonly claimRules: readonly Rule[]
  readonly userRules: readonly Rule[]
}

const KINDS = { text: ['string'], texts: ['string', 'list', 'null'], truth: ['bool'] } as const

/** @returns the compiled expression, or why it is none */
export function compileClaims(text: string, variable: Variable, wanted: keyof typeof KINDS): Compiled | string {
  const compiled = tryCompile(environments[variable], text)
  if (compiled instanceof Error) return `does not compile: ${compiled.message}`
  const { kind, name } = compiled.type
  const kinds: readonly string[] = [...KINDS[wanted], 'dyn']
  return kinds.includes(kind) ? compiled : `must be ${wanted === 'truth' ? 'a bool' : wanted === 'text' ? 'a string' : 'a string or a list of them'}, not ${name}` // prettier-ignore
}

/** @throws ClaimError */
function evaluate({ run }: Compiled, variable: Variable, json: unknown): unknown {
  const { value, error } = run(
    name => (name === variable ? fromJson(json, VARIABLES[variable]) : undefined),
    PER_CALL_LIMIT,
  )
  if (error || value === undefined) throw new ClaimError(`an expression fails: ${error?.message ?? 'no value'}`)
  return toJson(value)
}

/** @throws ClaimError for another value, and for an empty one where there has to be one */
export function textOf(expression: Compiled, payload: JWTPayload): string {
  const value = evaluate(expression, 'claims', payload)
  if (typeof value !== 'string') throw new ClaimError('an expression gives no text')
  return value
}

/** @returns none for an empty text, an empty list and null. @throws ClaimError for other values */
export function textsOf(expression: Compiled, payload: JWTPayload): string[] {
  const value = evaluate(expression, 'claims', payload)
  if (value === null || value === '') return []
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (!list.every(item => typeof item === 'string')) throw new ClaimError('an expression gives no list of texts')
  return list
}

/** @throws ClaimError with the message of the first rule that is not true */
export function checkRules(rules: readonly Rule[], about: { claims: JWTPayload } | { user: UserInfo }): void {
  for (const { expression, message } of rules) {
    const isTrue =
      'claims' in about
        ? evaluate(expression, 'claims', about.claims)
        : evaluate(expression, 'user', shownUser(about.user))
    if (isTrue !== true) throw new ClaimError(message)
  }
}

const shownUser = ({ name: username, uid = '', groups, extra = {} }: UserInfo) => ({ username, uid, groups, extra })
