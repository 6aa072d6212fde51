// All checks of an object that is about to be stored, as one 422.
import { aggregated, describeFieldError, type FieldError } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { invalid } from '../../../../shared/machinery/status.ts'
import { slices } from '../../../pieces/large-json.ts'
import { inTurns, type Pacer, type Pieces } from '../../../pieces/pacer.ts'
import { type ResourceDescriptor, rulesOf, toldAs } from '../../registry/resource.ts'
import { requiredErrors } from '../../schema/decode.ts'
import { validateObjectMeta } from '../../schema/validate-meta.ts'

/** What the schema misses and a rule speaks of as well is the rule's affair. */
function besides(missing: readonly FieldError[], rules: readonly FieldError[]): readonly FieldError[] {
  if (missing.length === 0) return rules
  const known = new Set(rules.map(({ field }) => field))
  return [...missing.filter(({ field }) => !known.has(field)), ...rules]
}

/** Rules may say the same thing twice. */
function* byText(errors: readonly FieldError[]): Pieces<Map<string, FieldError>> {
  const found = new Map<string, FieldError>()
  for (const some of slices(errors)) {
    for (const error of some) {
      const text = describeFieldError(error)
      if (!found.has(text)) found.set(text, error)
    }
    yield
  }
  return found
}

async function refuse(
  resource: ResourceDescriptor,
  name: string,
  errors: readonly FieldError[],
  pacer: Pacer,
): Promise<never> {
  const told = await inTurns(byText(errors), pacer)
  if (pacer.due) await pacer.pause()
  const refusal = invalid(toldAs(resource), name, [...told.values()], aggregated([...told.keys()]))
  // To write very many down takes as long again.
  if (pacer.due) await pacer.pause()
  throw refusal
}

type Warn = (text: string) => void
const silent: Warn = () => undefined

/** @param pacer pauses between the checks of large objects @throws ApiError 422 */
export async function validateCreate(
  resource: ResourceDescriptor,
  object: AnyObject,
  pacer: Pacer,
  warn: Warn = silent,
): Promise<void> {
  const missing = resource.custom ? [] : requiredErrors(resource.schema, object)
  if (pacer.due) await pacer.pause()
  const checking = inTurns(rulesOf(resource, object), pacer)
  const rules = checking instanceof Promise ? await checking : checking
  if (pacer.due) await pacer.pause()
  const found = [
    ...validateObjectMeta(object.metadata, resource),
    ...besides(missing, rules),
    ...(resource.check ? await resource.check(object, undefined, warn, false) : []),
  ]
  if (pacer.due) await pacer.pause()
  if (found.length > 0) await refuse(resource, object.metadata.name, found, pacer)
  for (const text of resource.warnings?.(object, undefined) ?? []) warn(text)
}

interface ChangeToValidate {
  /** It is an update of the status alone. */
  readonly isStatus: boolean
  /** Pauses between the checks of large objects. */
  readonly pacer: Pacer
  readonly warn?: Warn | undefined
}

/** @param rules what this path's checks found: the main resource's, a subresource's, or none @throws ApiError 422 */
export async function validateChange(
  resource: ResourceDescriptor,
  object: AnyObject,
  old: AnyObject,
  rules: readonly FieldError[],
  { isStatus, pacer, warn = silent }: ChangeToValidate,
): Promise<void> {
  if (pacer.due) await pacer.pause()
  const found = [
    ...validateObjectMeta(object.metadata, resource, old.metadata),
    ...besides(resource.custom || resource.checkedWhenNew ? [] : requiredErrors(resource.schema, object), rules),
    ...(resource.check ? await resource.check(object, old, warn, isStatus) : []),
  ]
  if (pacer.due) await pacer.pause()
  if (found.length > 0) await refuse(resource, object.metadata.name, found, pacer)
}
