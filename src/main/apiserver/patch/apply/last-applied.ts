// The way from client-side to server-side apply: what `kubectl apply` applied stands in an annotation, and "kubectl", the
// manager of `kubectl apply --server-side`, takes it over without a conflict and keeps it up to date for the way back.
import { getField, isObject, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { compare } from './compare.ts'
import { difference, EMPTY, type FieldSet } from './field-set.ts'
import { fieldsOf } from './typed-value.ts'
import { encodeJson, parseJson } from '../../../../shared/machinery/json-text.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
/** To stay out of this, a client gives itself another name. */
const MANAGER = 'kubectl'
/** What all annotations of an object may have together. */
const MAX_ANNOTATIONS_BYTES = 256 * 1024

const annotationOf = (object: AnyObject): string => object.metadata.annotations?.[LAST_APPLIED] ?? ''

function parse(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** @returns the fields that client-side apply set last and that still have those values: to take them is no conflict */
export function leftByClientSideApply(
  current: AnyObject | undefined,
  manager: string,
  fact: FieldFact | undefined,
): FieldSet {
  if (manager !== MANAGER || !current) return EMPTY
  const last = parse(annotationOf(current))
  if (!isObject(last) || getField(last, 'apiVersion') !== current.apiVersion) return EMPTY
  const { changed, removed } = compare(last, current, fact)
  return difference(difference(fieldsOf(last, fact), changed), removed)
}

/** Keys in order at every level, as `kubectl` writes them. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (!isObject(value)) return value
  const result: JsonObject = {}
  for (const key of Object.keys(value).sort()) setField(result, key, ordered(value[key]))
  return result
}

/** Changes the annotation of the merged object, where it has one, to what has been applied now. */
export function keepLastApplied(object: AnyObject, manager: string, applied: AnyObject): void {
  if (manager !== MANAGER || !annotationOf(object)) return
  const metadata = { ...applied.metadata }
  if (metadata.annotations) {
    const { [LAST_APPLIED]: _, ...others } = metadata.annotations
    metadata.annotations = others
  }
  const text = `${encodeJson(ordered({ ...applied, metadata }))}\n`
  const annotations: Record<string, string> = { ...object.metadata.annotations, [LAST_APPLIED]: text }
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0)
  if (size > MAX_ANNOTATIONS_BYTES) delete annotations[LAST_APPLIED]
  object.metadata.annotations = annotations
}
