// Kubernetes' quantities: `quantity("1.5Gi").isGreaterThan(quantity("1Gi"))`.
import { isQuantity, parseQuantity, Quantity, QuantityError } from '../../../shared/machinery/quantity.ts'
import { CelError } from '../errors.ts'
import { Opaque } from '../values.ts'
import { fn, type Library, method } from './declare.ts'

const NANO = 1_000_000_000n
const MAX = 2n ** 63n

class Amount extends Opaque {
  readonly type = 'kubernetes.Quantity'
  readonly quantity: Quantity
  constructor(quantity: Quantity) {
    super()
    this.quantity = quantity
  }
  equals(other: Opaque): boolean {
    return other instanceof Amount && other.quantity.equals(this.quantity)
  }
  override toString(): string {
    return this.quantity.toString()
  }
}

function quantity(text: string): Amount {
  try {
    return new Amount(parseQuantity(text))
  } catch (error) {
    if (error instanceof QuantityError) throw new CelError(error.message)
    throw error
  }
}

/** A quantity that did not come out of the expression's text. */
export const quantityOf = (amount: Quantity): Opaque => new Amount(amount)

const wholeOf = ({ quantity: { nano } }: Amount): bigint | undefined => {
  const value = nano / NANO
  return nano % NANO === 0n && value < MAX && value >= -MAX ? value : undefined
}

function asInteger(amount: Amount): bigint {
  const value = wholeOf(amount)
  if (value === undefined) throw new CelError('cannot convert value to integer')
  return value
}

const order = (a: Amount, b: Amount) => a.quantity.compare(b.quantity)
const whole = (value: bigint) => new Quantity(value * NANO)

/** @see https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library */
export const quantities: Library = [
  fn('quantity', 'string_to_quantity', 'string -> kubernetes.Quantity', quantity),
  fn('isQuantity', 'is_quantity_string', 'string -> bool', (text: string) => isQuantity(text)),
  fn('sign', 'quantity_sign', 'kubernetes.Quantity -> int', ({ quantity: { nano } }: Amount) =>
    nano > 0n ? 1n : nano < 0n ? -1n : 0n,
  ),
  method(
    'isGreaterThan',
    'quantity_is_greater_than',
    'kubernetes.Quantity; kubernetes.Quantity -> bool',
    (a: Amount, b: Amount) => order(a, b) > 0,
  ),
  method(
    'isLessThan',
    'quantity_is_less_than',
    'kubernetes.Quantity; kubernetes.Quantity -> bool',
    (a: Amount, b: Amount) => order(a, b) < 0,
  ),
  method(
    'compareTo',
    'quantity_compare_to',
    'kubernetes.Quantity; kubernetes.Quantity -> int',
    (a: Amount, b: Amount) => BigInt(order(a, b)),
  ),
  method(
    'asApproximateFloat',
    'quantity_get_float',
    'kubernetes.Quantity -> double',
    (a: Amount) => Number(a.quantity.nano) / 1e9,
  ),
  method('asInteger', 'quantity_get_int', 'kubernetes.Quantity -> int', asInteger),
  method('isInteger', 'quantity_is_integer', 'kubernetes.Quantity -> bool', (a: Amount) => wholeOf(a) !== undefined),
  method(
    'add',
    'quantity_add',
    'kubernetes.Quantity; kubernetes.Quantity -> kubernetes.Quantity',
    (a: Amount, b: Amount) => new Amount(a.quantity.add(b.quantity)),
  ),
  method(
    'add',
    'quantity_add_int',
    'kubernetes.Quantity; int -> kubernetes.Quantity',
    (a: Amount, b: bigint) => new Amount(a.quantity.add(whole(b))),
  ),
  method(
    'sub',
    'quantity_sub',
    'kubernetes.Quantity; kubernetes.Quantity -> kubernetes.Quantity',
    (a: Amount, b: Amount) => new Amount(a.quantity.sub(b.quantity)),
  ),
  method(
    'sub',
    'quantity_sub_int',
    'kubernetes.Quantity; int -> kubernetes.Quantity',
    (a: Amount, b: bigint) => new Amount(a.quantity.sub(whole(b))),
  ),
]
