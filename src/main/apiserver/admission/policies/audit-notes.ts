// What validating policies leave in the audit event of a request: the annotations that they define themselves, and the
// findings of bindings that say Audit.
// @see https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#audit-annotations
import type { AdmissionRequest } from '../contract.ts'

const FAILURES = 'validation.policy.admission.k8s.io/validation_failure'
const MAX_VALUE_LENGTH = 10 * 1024

export interface AuditedFailure {
  readonly message: string
  readonly policy: string
  readonly binding: string
  readonly expressionIndex: number
  readonly validationActions: readonly string[]
}

export class AuditNotes {
  readonly #values = new Map<string, Set<string>>()
  readonly #failures: AuditedFailure[] = []

  /** Several bindings and parameters may give a key several values: each stands once. */
  add(policy: string, key: string, value: unknown): void {
    const text = typeof value === 'string' ? value.trim() : ''
    if (text === '') return
    const whole = `${policy}/${key}`
    const values = this.#values.get(whole) ?? new Set()
    this.#values.set(whole, values.add(text.slice(0, MAX_VALUE_LENGTH)))
  }

  failed(failure: AuditedFailure): void {
    this.#failures.push(failure)
  }

  publish({ annotate }: AdmissionRequest): void {
    if (!annotate) return
    for (const [key, values] of this.#values) annotate(key, [...values].join(', '))
    if (this.#failures.length > 0) annotate(FAILURES, JSON.stringify(this.#failures))
  }
}
