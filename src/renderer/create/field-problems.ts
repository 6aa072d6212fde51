// The server's validation causes, put where the form shows the field.
import { messageOf } from '../../shared/machinery/message-of.ts'
import type { StatusCause } from '../../shared/api/meta/v1.ts'
import { ApiError } from '../../shared/machinery/status.ts'

export interface FieldProblems {
  /** By form field; `ports.0`, `env.1` for entries. */
  readonly fields: ReadonlyMap<string, string>
  /** What belongs to no field of the form. */
  readonly general: readonly string[]
}

const container = String.raw`spec\.template\.spec\.containers\[0\]`
/** In this order: the first that matches takes the cause. */
const places: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [/^metadata\.name$/, () => 'name'],
  [/^metadata\.labels|^spec\.selector|^spec\.template\.labels|^spec\.template\.metadata\.labels/, () => 'name'],
  [/^metadata\.namespace$/, () => 'namespace'],
  [/^spec\.replicas$/, () => 'replicas'],
  [new RegExp(`^${container}\\.name`), () => 'name'],
  [new RegExp(`^${container}\\.image$`), () => 'image'],
  [new RegExp(`^${container}\\.ports\\[(\\d+)\\]`), match => `ports.${match[1] ?? ''}`],
  [new RegExp(`^${container}\\.env\\[(\\d+)\\]`), match => `env.${match[1] ?? ''}`],
  [new RegExp(`^${container}\\.resources\\.requests(\\[|\\.)cpu`), () => 'cpuRequest'],
  [new RegExp(`^${container}\\.resources\\.requests(\\[|\\.)memory`), () => 'memoryRequest'],
  [new RegExp(`^${container}\\.resources\\.limits(\\[|\\.)cpu`), () => 'cpuLimit'],
  [new RegExp(`^${container}\\.resources\\.limits(\\[|\\.)memory`), () => 'memoryLimit'],
  [new RegExp(`^${container}\\.resources\\.requests`), () => 'cpuRequest'],
]

function fieldOf({ field = '' }: StatusCause, kind: string): string | undefined {
  if (kind === 'Service') return /^spec|^metadata\.name/.test(field) ? 'service' : undefined
  for (const [pattern, name] of places) {
    const match = pattern.exec(field)
    if (match) return name(match)
  }
  return undefined
}

/** @param kind of the object that was refused */
export function fieldProblems(error: unknown, kind: string): FieldProblems {
  const causes = error instanceof ApiError ? (error.status.details?.causes ?? []) : []
  if (error instanceof ApiError && error.reason === 'AlreadyExists')
    return { fields: new Map([[kind === 'Service' ? 'service' : 'name', error.message]]), general: [] }
  const fields = new Map<string, string>()
  const general: string[] = []
  for (const cause of causes) {
    const field = fieldOf(cause, kind)
    const message = cause.message ?? ''
    if (!field) general.push(`${cause.field ?? ''}: ${message}`)
    else if (!fields.has(field)) fields.set(field, message)
  }
  if (causes.length === 0) general.push(messageOf(error))
  return { fields, general }
}
