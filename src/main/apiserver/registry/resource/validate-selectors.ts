// Selectors of devices: how they look is told at once; whether they compile takes its time, and others get turns.
import type { DeviceClaim, DeviceSelector } from '../../../../shared/api/resource/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../../../shared/machinery/field-error.ts'
import { compileSelector, SELECTOR_COST_LIMIT } from '../../../cel/device-selector.ts'
import { Pacer } from '../../../pieces/pacer.ts'
import { list } from '../support/collections.ts'
import { atMost, each } from '../support/rules.ts'

const MOST_SELECTORS = 32
const MOST_EXPRESSION_BYTES = 10 * 1024

/** Where selectors stand. */
interface Place {
  readonly path: string
  readonly selectors: readonly DeviceSelector[] | undefined
}

const isTooLong = (expression: string) => Buffer.byteLength(expression) > MOST_EXPRESSION_BYTES

export const validateSelectors = (path: string, selectors: readonly DeviceSelector[] | undefined): FieldError[] => [
  ...atMost(path, selectors, MOST_SELECTORS),
  ...each(path, selectors, (at, { cel }) => {
    if (!cel) return [required(`${at}.cel`)]
    return isTooLong(cel.expression ?? '') ? [tooLong(`${at}.cel.expression`, MOST_EXPRESSION_BYTES)] : []
  }),
]

export const placesOfSelectors = (path: string, devices: DeviceClaim | undefined): Place[] =>
  list(devices?.requests).flatMap(({ exactly, firstAvailable }, i) => [
    { path: `${path}.requests[${i}].exactly.selectors`, selectors: exactly?.selectors },
    ...list(firstAvailable).map(({ selectors }, j) => ({
      path: `${path}.requests[${i}].firstAvailable[${j}].selectors`,
      selectors,
    })),
  ])

function expressionErrors(path: string, expression: string): FieldError[] {
  const compiled = compileSelector(expression)
  if (compiled instanceof Error) return [invalidValue(path, expression, compiled.message)]
  return compiled.maxCost > SELECTOR_COST_LIMIT ? [forbiddenField(path, 'too complex, exceeds cost limit')] : []
}

export async function compileErrors(places: readonly Place[]): Promise<FieldError[]> {
  const pacer = new Pacer()
  const errors: FieldError[] = []
  for (const { path, selectors } of places)
    for (const [i, { cel }] of list(selectors).entries()) {
      if (!cel || isTooLong(cel.expression ?? '')) continue
      if (pacer.due) await pacer.pause()
      errors.push(...expressionErrors(`${path}[${i}].cel.expression`, cel.expression ?? ''))
    }
  return errors
}
