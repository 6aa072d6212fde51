// Whole numbers of 64 bits: what a number would round is a bigint, whatever the type of its field says.
import { narrow } from './json-text.ts'

/** @returns one more; behind the largest comes the smallest, as in Go */
export const oneMore = (value: number | bigint): number =>
  typeof value === 'number' && Number.isSafeInteger(value + 1)
    ? value + 1
    : (narrow(BigInt.asIntN(64, BigInt(value) + 1n)) as number)
