// How a double reads as a text: as few digits as tell it apart, with an exponent where it is large or small.

const SMALL = -4
/** A million has an exponent. */
const LARGE = 6

/** @example showDouble(1e20) // '1e+20' */
export function showDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const [mantissa = '', power = ''] = value.toExponential().split('e')
  const exponent = Number(power)
  if (value === 0 || (exponent >= SMALL && exponent < LARGE)) return String(value)
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
