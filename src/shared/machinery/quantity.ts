// Exact arithmetic on Kubernetes quantities: `100m`, `1.5Gi`, `2e3`. Amounts are whole nano-units in a BigInt.

/** The suffix family, which survives arithmetic: `512Mi` never turns into `536870912`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

const NANO = 1_000_000_000n
const MAX_BINARY = (2n ** 63n - 1n) * NANO
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const DECIMAL_BY_EXPONENT = new Map(Object.entries(DECIMAL).map(([suffix, exponent]) => [exponent, suffix]))

/** Longest text read as a quantity and largest |exponent|: bounds the work that hostile input can ask for. */
const MAX_TEXT = 256
const MAX_EXPONENT = 64

const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const WRONG_SUFFIX = "unable to parse quantity's suffix"
const WRONG_NUMBER = 'unable to parse numeric part of quantity'

export class QuantityError extends Error {
  override readonly name = 'QuantityError'
}

/** Division that rounds away from zero: whoever asks for a bit of a resource gets some. */
function divideUp(amount: bigint, unit: bigint): bigint {
  const quotient = amount / unit
  if (amount % unit === 0n) return quotient
  return amount < 0n ? quotient - 1n : quotient + 1n
}

/** An immutable amount. @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export class Quantity {
  /** The amount in units of 10⁻⁹. */
  readonly nano: bigint
  readonly format: QuantityFormat
  /** The canonical text once it is known; where upstream keeps one that is not in lowest terms (`1.234`), as given. */
  #text: string | undefined
  #value: number | undefined
  #milli: number | undefined

  constructor(nano: bigint, format: QuantityFormat = 'DecimalSI', text?: string) {
    this.nano = nano
    this.format = format
    this.#text = text
  }
  /** Whole units, rounded up (away from zero). */
  value(): number {
    return (this.#value ??= Number(divideUp(this.nano, NANO)))
  }
  /** Thousandths, rounded up (away from zero): CPU cores as milli-CPU. */
  milli(): number {
    return (this.#milli ??= Number(divideUp(this.nano, 1_000_000n)))
  }
  /** The same in whole thousandths, rounded up (away from zero). */
  inThousandths(): Quantity {
    return this.nano % 1_000_000n === 0n
      ? this
      : new Quantity(divideUp(this.nano, 1_000_000n) * 1_000_000n, this.format)
  }
  isZero(): boolean {
    return this.nano === 0n
  }
  /** @returns negative, 0 or positive */
  compare(other: Quantity): number {
    return this.nano < other.nano ? -1 : this.nano > other.nano ? 1 : 0
  }
  equals(other: Quantity): boolean {
    return this.nano === other.nano
  }
  /** The sum, in this quantity's format unless this is zero. */
  add(other: Quantity): Quantity {
    return new Quantity(this.nano + other.nano, this.isZero() ? other.format : this.format)
  }
  sub(other: Quantity): Quantity {
    return new Quantity(this.nano - other.nano, this.isZero() ? other.format : this.format)
  }
  neg(): Quantity {
    return new Quantity(-this.nano, this.format)
  }
  /** The canonical text, exactly as the API prints it. */
  toString(): string {
    return (this.#text ??= canonical(this.nano, this.format))
  }
  toJSON(): string {
    return this.toString()
  }
}

function canonical(nano: bigint, format: QuantityFormat): string {
  if (nano === 0n) return '0'
  const whole = nano % NANO === 0n
  const small = nano > -1024n * NANO && nano < 1024n * NANO
  return format === 'BinarySI' && whole && !small
    ? canonicalBinary(nano / NANO)
    : canonicalDecimal(nano, format === 'DecimalExponent')
}

function canonicalBinary(value: bigint): string {
  let step = 0
  while (value % 1024n === 0n && step < BINARY.length - 1) {
    value /= 1024n
    step += 1
  }
  return `${value}${BINARY[step] ?? ''}`
}

function canonicalDecimal(nano: bigint, asExponent: boolean): string {
  let mantissa = nano
  let exponent = -9
  while (mantissa % 10n === 0n) {
    mantissa /= 10n
    exponent += 1
  }
  // The exponent must be a multiple of three, and one that has a suffix.
  while (exponent % 3 !== 0 || (!asExponent && exponent > 18)) {
    mantissa *= 10n
    exponent -= 1
  }
  if (asExponent) return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`
  return `${mantissa}${DECIMAL_BY_EXPONENT.get(exponent) ?? ''}`
}

interface Suffix {
  format: QuantityFormat
  base: 2 | 10
  exponent: number
}

function parseSuffix(suffix: string): Suffix {
  const decimal = Object.hasOwn(DECIMAL, suffix) ? DECIMAL[suffix] : undefined
  if (decimal !== undefined) return { format: 'DecimalSI', base: 10, exponent: decimal }
  const binary = BINARY.indexOf(suffix)
  if (binary > 0) return { format: 'BinarySI', base: 2, exponent: binary * 10 }
  if (/^[eE][+-]?\d+$/.test(suffix)) {
    const exponent = Number(suffix.slice(1))
    if (Math.abs(exponent) > MAX_EXPONENT) throw new QuantityError(WRONG_SUFFIX)
    return { format: 'DecimalExponent', base: 10, exponent }
  }
  throw new QuantityError(WRONG_SUFFIX)
}

/**
 * Upstream returns the text as it was when a cheap test says that it is canonical. The test is looser than the
 * definition, and what it lets through (`1.234`, `+1`, `007`) is observable on the wire.
 */
function keepsText(integer: string, fraction: string, suffix: Suffix): boolean {
  const digits = integer + fraction
  if (suffix.base === 2) {
    const precision = 15 - integer.length - Math.trunc((suffix.exponent * 3) / 10) - 1
    return fraction === '' && precision >= 0 && (BigInt(digits) & 7n) !== 0n
  }
  const scale = suffix.exponent - fraction.length
  return digits.length <= 18 && scale >= -9 && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
}

// The same few texts come by millions of times: in validation, quotas, the scheduler's sums.
const known = new Map<string, Quantity>()
const MOST_KNOWN = 4096

/**
 * @param input text such as `100m`, or a JSON number
 * @throws QuantityError with upstream's wording
 */
export function parseQuantity(input: string | number): Quantity {
  const text = String(input)
  const before = known.get(text)
  if (before) return before
  const quantity = parse(text.trim())
  if (known.size >= MOST_KNOWN) known.clear()
  if (text.length <= MAX_TEXT) known.set(text, quantity)
  return quantity
}

function parse(text: string): Quantity {
  if (text === '' || text.length > MAX_TEXT) throw new QuantityError(WRONG_FORMAT)
  // No digit can belong to two parts: a hostile text is refused in one pass.
  const match = /^([+-]?)(\d*)(?:\.(\d*))?((?:[eEinumkKMGTP]+[-+]?\d*|[-+]\d*)?)$/.exec(text)
  if (!match) throw new QuantityError(WRONG_FORMAT)
  const [, sign = '', written = '', fraction = '', suffixText = ''] = match
  const suffix = parseSuffix(suffixText)
  // Upstream reads a bare suffix as zero, except on the paths where it insists on digits.
  if (!/\d/.test(text.slice(0, text.length - suffixText.length))) {
    if (suffix.base === 2 && suffix.exponent >= 50) throw new QuantityError(WRONG_NUMBER)
    return new Quantity(0n, suffix.format)
  }
  const integer = written.replace(/^0+/, '') || '0'

  let amount = BigInt(integer + fraction)
  const scale = 9 - fraction.length + (suffix.base === 10 ? suffix.exponent : 0)
  if (suffix.base === 2) amount <<= BigInt(suffix.exponent)
  amount = scale >= 0 ? amount * 10n ** BigInt(scale) : divideUp(amount, 10n ** BigInt(-scale))
  if (suffix.base === 2 && amount > MAX_BINARY) amount = MAX_BINARY
  const format = suffix.base === 2 && amount > 0n && amount < NANO ? 'DecimalSI' : suffix.format
  const kept = amount !== 0n && keepsText(integer, fraction, suffix) ? text : undefined
  return new Quantity(sign === '-' ? -amount : amount, format, kept)
}

/** @returns whether the text or number is a quantity. */
export function isQuantity(input: unknown): input is string | number {
  if (typeof input !== 'string' && typeof input !== 'number') return false
  try {
    parseQuantity(input)
    return true
  } catch (error) {
    if (error instanceof QuantityError) return false
    throw error
  }
}

export const zero = new Quantity(0n)

/** @returns the canonical text of a quantity. @throws QuantityError */
export const canonicalQuantity = (input: string | number): string => parseQuantity(input).toString()
