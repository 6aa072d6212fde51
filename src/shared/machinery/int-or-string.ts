// Values that are a number or a percentage, such as `maxSurge: 25%`.

export type IntOrString = number | string

export class IntOrStringError extends Error {
  override readonly name = 'IntOrStringError'
}

/** @returns the whole number before the `%`, or undefined when the text is no percentage. */
export const percentOf = (value: IntOrString): number | undefined => {
  const match = typeof value === 'string' ? /^([+-]?\d{1,9})%$/.exec(value) : null
  return match ? Number(match[1]) : undefined
}

/**
 * The value itself, or that share of `total`.
 * @param roundUp percentages round to the next whole number above, else below
 * @throws IntOrStringError for a text that is no percentage
 */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value
  const percent = percentOf(value)
  if (percent === undefined) {
    const why = value.endsWith('%')
      ? `invalid value "${value}": invalid syntax`
      : 'invalid type: string is not a percentage'
    throw new IntOrStringError(`invalid value for IntOrString: ${why}`)
  }
  // Multiplied before divided, so that 100% of any total is that total.
  const share = (percent * total) / 100
  return (roundUp ? Math.ceil(share) : Math.floor(share)) + 0
}

/** The number, or the text read as one (0 when it is none): upstream's `IntValue`. */
export function intValue(value: IntOrString): number {
  if (typeof value === 'number') return value
  return /^[+-]?\d{1,15}$/.test(value) ? Number(value) : 0
}
