// What the server finds wrong, by the field that it names.
import { messageOf } from '../../shared/machinery/message-of.ts'
import { ApiError } from '../../shared/machinery/status.ts'

export interface Refusal {
  readonly fields: ReadonlyMap<string, string>
  readonly general: readonly string[]
}
export const noRefusal: Refusal = { fields: new Map(), general: [] }

/** Keys of maps stand in brackets, as entries of lists do: `requests[storage]` is the form's `requests.storage`. */
function asPathText(field: string): string {
  const path = field.replace(/\[([A-Za-z_][\w-]*)\]/g, '.$1')
  return CALLED_OTHERWISE.get(path) ?? path
}
/** Of a claim, the server leaves a step out, as upstream's does. */
const CALLED_OTHERWISE = new Map([['spec.resources.storage', 'spec.resources.requests.storage']])

export function refusalOf(error: unknown): Refusal {
  const causes = error instanceof ApiError ? (error.status.details?.causes ?? []) : []
  const fields = new Map<string, string>()
  const general: string[] = []
  for (const { field = '', message = '' } of causes) {
    const path = asPathText(field)
    if (path) fields.set(path, [fields.get(path), message].filter(Boolean).join('; '))
    // Not every field stands in the form, so each is told above as well.
    general.push(field ? `${field}: ${message}` : message)
  }
  if (general.length === 0) general.push(messageOf(error))
  return { fields, general }
}
