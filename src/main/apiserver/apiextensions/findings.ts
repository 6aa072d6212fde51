// What is found wrong with a value, each thing once, and how many checks were made: of several schemas that refuse a
// value, that with the most checks is the one that was meant.
import type { FieldError } from '../../../shared/machinery/field-error.ts'

export class Findings {
  readonly errors: FieldError[] = []
  checks = 0
  readonly #told = new Set<string>()

  get isEmpty(): boolean {
    return this.errors.length === 0
  }

  add(error: FieldError): void {
    const text = `${error.field}: ${error.message}`
    if (this.#told.has(text)) return
    this.#told.add(text)
    this.errors.push(error)
  }

  count(checks: number): void {
    this.checks += checks
  }

  merge(other: Findings | undefined): void {
    for (const error of other?.errors ?? []) this.add(error)
    this.checks += other?.checks ?? 0
  }
}
