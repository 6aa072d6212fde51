// What the server finds wrong, by the field that it names.
import { parseJson } from '../../shared/machinery/json-text.ts'
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

/** The text of an object that is wrong as a whole says nothing: it stands in the form already. */
function withoutObject(message: string): string {
  const start = /^Invalid value: (?=[{[])/.exec(message)?.[0].length
  if (start === undefined) return message
  // What the object holds may look like its end: the first end at which it can be read is the one.
  for (
    let end = message.indexOf(': ', start), left = 64;
    end > 0 && left > 0;
    end = message.indexOf(': ', end + 1), left--
  )
    if (isJson(message.slice(start, end))) return message.slice(end + 2)
  return message
}
function isJson(text: string): boolean {
  try {
    parseJson(text)
    return true
  } catch {
    return false
  }
}

export function refusalOf(error: unknown): Refusal {
  const causes = error instanceof ApiError ? (error.status.details?.causes ?? []) : []
  const fields = new Map<string, string>()
  const general: string[] = []
  for (const { field = '', message: said = '' } of causes) {
    const message = withoutObject(said)
    const path = asPathText(field)
    if (path) fields.set(path, [fields.get(path), message].filter(Boolean).join('; '))
    // Not every field stands in the form, so each is told above as well.
    general.push(field ? `${field}: ${message}` : message)
  }
  if (general.length === 0) general.push(messageOf(error))
  return { fields, general }
}
