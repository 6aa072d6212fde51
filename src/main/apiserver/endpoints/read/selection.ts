// Label and field selectors of a request, as one predicate over objects.
import { badRequest } from '../../../../shared/machinery/status.ts'
import type { FieldTrigger } from '../../../store/contract.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { parseFieldSelector, parseLabelSelector, SelectorError } from '../../../../shared/machinery/selectors.ts'
import { type ResourceDescriptor } from '../../registry/resource.ts'

export interface Selection {
  /** Undefined = everything. */
  readonly matches: ((object: AnyObject) => boolean) | undefined
  /** The only name that can match, when the field selector says so. */
  readonly name: string | undefined
  /** The only namespace that can match, when the field selector says so. */
  readonly namespace: string | undefined
  /** A field that what matches has this value in, when the field selector says so. */
  readonly trigger: FieldTrigger | undefined
}

const everything: Selection = { matches: undefined, name: undefined, namespace: undefined, trigger: undefined }

const parsing = <T>(parse: () => T): T => {
  try {
    return parse()
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message)
    throw error
  }
}

/** @throws ApiError 400 for selectors that cannot be parsed */
export function assertReadable(query: URLSearchParams): void {
  parsing(() => parseLabelSelector(query.get('labelSelector') ?? ''))
  parsing(() => parseFieldSelector(query.get('fieldSelector') ?? ''))
}

function fieldReader(resource: ResourceDescriptor, field: string): (object: AnyObject) => string {
  if (field === 'metadata.name') return object => object.metadata.name
  // Kinds without fields of their own take it also where there are no namespaces.
  if (field === 'metadata.namespace' && (resource.type.namespaced || !resource.selectableFields))
    return object => object.metadata.namespace ?? ''
  const known = resource.selectableFields
  const reader = known && Object.hasOwn(known, field) ? known[field] : undefined
  if (reader) return reader
  if (known || resource.custom)
    throw badRequest(resource.unknownField?.(field) ?? `field label not supported: ${field}`)
  throw badRequest(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`)
}

/** @throws ApiError 400 for a selector that cannot be parsed or a field that the kind does not offer */
export function selectionOf(resource: ResourceDescriptor, labelSelector: string, fieldSelector: string): Selection {
  if (labelSelector === '' && fieldSelector === '') return everything
  const labels = labelSelector === '' ? undefined : parsing(() => parseLabelSelector(labelSelector))
  const fields = (fieldSelector === '' ? [] : parsing(() => parseFieldSelector(fieldSelector)))
    // What says nothing on either side selects everything.
    .filter(({ field, value }) => field !== '' || value !== '')
    .map(requirement => ({
      ...requirement,
      equal: requirement.op !== '!=',
      read: fieldReader(resource, requirement.field),
    }))
  const exact = (field: string) => fields.find(requirement => requirement.equal && requirement.field === field)?.value
  // The namespace is told apart by the prefix already.
  const first = fields.find(({ equal, field }) => equal && field !== 'metadata.namespace')
  return {
    trigger: first && { field: first.field, value: first.value, read: first.read },
    name: exact('metadata.name'),
    namespace: resource.type.namespaced ? exact('metadata.namespace') : undefined,
    matches: object =>
      (labels === undefined || labels.matches(object.metadata.labels)) &&
      fields.every(({ read, equal, value }) => (read(object) === value) === equal),
  }
}
