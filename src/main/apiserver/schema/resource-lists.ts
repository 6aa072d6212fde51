// Amounts of resources by their names, where upstream's defaults know them: nothing is given out in parts smaller than a
// thousandth.
import { isQuantity, parseQuantity } from '../../../shared/machinery/quantity.ts'
import type { FieldFact } from './facts.ts'

/** @param schemaId of what has the field */
export const isResourceList = (schemaId: string, { t, i }: FieldFact): boolean =>
  schemaId.startsWith('core.v1.') && t === 'map' && i?.t === 'quantity'

/** @returns the amount in whole thousandths, rounded up; itself where it is */
export function inWholeThousandths(amount: unknown): unknown {
  if (!isQuantity(amount)) return amount
  const quantity = parseQuantity(amount)
  const rounded = quantity.inThousandths()
  return rounded === quantity ? amount : rounded.toString()
}
