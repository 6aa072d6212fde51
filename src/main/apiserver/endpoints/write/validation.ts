// All checks of an object that is about to be stored, as one 422.
import type { FieldError } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { invalid } from '../../../../shared/machinery/status.ts'
import { type ResourceDescriptor, toldAs } from '../../registry/resource.ts'
import { requiredErrors } from '../../schema/decode.ts'
import { validateObjectMeta } from '../../schema/validate-meta.ts'

/** What the schema misses and a rule speaks of as well is the rule's affair. */
function besides(missing: readonly FieldError[], rules: readonly FieldError[]): readonly FieldError[] {
  if (missing.length === 0) return rules
  const known = new Set(rules.map(({ field }) => field))
  return [...missing.filter(({ field }) => !known.has(field)), ...rules]
}

/** Rules may say the same thing twice. */
function unique(errors: readonly FieldError[]): FieldError[] {
  const seen = new Set<string>()
  return errors.filter(({ field, message }) => {
    const text = `${field}: ${message}`
    return !seen.has(text) && seen.add(text)
  })
}

function check(resource: ResourceDescriptor, name: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(toldAs(resource), name, unique(errors))
}

type Warn = (text: string) => void
const silent: Warn = () => undefined

/** @throws ApiError 422 */
export async function validateCreate(
  resource: ResourceDescriptor,
  object: AnyObject,
  warn: Warn = silent,
): Promise<void> {
  check(resource, object.metadata.name, [
    ...validateObjectMeta(object.metadata, resource),
    ...besides(resource.custom ? [] : requiredErrors(resource.schema, object), resource.validate?.(object) ?? []),
    ...((await resource.check?.(object, undefined, warn, false)) ?? []),
  ])
  for (const text of resource.warnings?.(object, undefined) ?? []) warn(text)
}

/**
 * @param rules the checks of this path: the main resource's, a subresource's, or none
 * @param isStatus whether it is an update of the status alone
 * @throws ApiError 422
 */
export async function validateChange(
  resource: ResourceDescriptor,
  object: AnyObject,
  old: AnyObject,
  rules: readonly FieldError[],
  isStatus: boolean,
  warn: Warn = silent,
): Promise<void> {
  check(resource, object.metadata.name, [
    ...validateObjectMeta(object.metadata, resource, old.metadata),
    ...besides(resource.custom ? [] : requiredErrors(resource.schema, object), rules),
    ...((await resource.check?.(object, old, warn, isStatus)) ?? []),
  ])
}
