// What authorizers are asked about a request: its target, who asks, and what a collection is narrowed to.
import type { FieldRequirement } from '../../../shared/machinery/field-selectors.ts'
import { parseFieldSelector, SelectorError } from '../../../shared/machinery/selectors.ts'
import type { AuthorizationAttributes } from '../authz/contract.ts'
import type { ApiRequest } from '../request.ts'

const COLLECTION = new Set(['list', 'watch', 'deletecollection'])

function fieldsOf({ info, query }: ApiRequest): readonly FieldRequirement[] | undefined {
  if (info.name !== '' || !COLLECTION.has(info.verb)) return undefined
  const selector = query.get('fieldSelector')
  if (!selector) return undefined
  try {
    return parseFieldSelector(selector)
  } catch (error) {
    if (error instanceof SelectorError) return undefined // the endpoint answers 400
    throw error
  }
}

/** A collection request that selects one name is authorized for that name, so that resourceNames rules cover it. */
export function attributesOf(request: ApiRequest): AuthorizationAttributes {
  const { info, user } = request
  const fieldSelector = fieldsOf(request)
  if (!fieldSelector) return { ...info, user }
  const name = fieldSelector.find(({ field, op }) => field === 'metadata.name' && op !== '!=')?.value ?? ''
  return { ...info, name, fieldSelector, user }
}
