// The sizes that a client's terminal has, out of what it sends: JSON values, one after the other, in whatever pieces.
import type { TerminalSize } from './contract.ts'

/** Longer than any size: what does not end by then is none. */
const LONGEST_CHARS = 256
const LARGEST = 65_535

/**
 * Clients name the fields `Width` and `Height`, or in small letters: Go reads both.
 * @returns what takes the next bytes, and gives the sizes that they complete
 */
export function terminalSizes(): (bytes: Buffer) => TerminalSize[] {
  let begun = ''
  return bytes => {
    const values = (begun + bytes.toString()).split(/(?<=\})/)
    begun = values.at(-1)?.endsWith('}') ? '' : (values.pop() ?? '').slice(0, LONGEST_CHARS)
    return values.map(sizeIn).filter(size => size !== undefined)
  }
}

function sizeIn(text: string): TerminalSize | undefined {
  try {
    const fields = Object.entries(JSON.parse(text) as object).map(([name, value]) => [
      name.toLowerCase(),
      value as unknown,
    ])
    const { width, height } = Object.fromEntries(fields) as Record<string, unknown>
    return isLength(width) && isLength(height) ? { width, height } : undefined
  } catch {
    return undefined // not a size: nothing changes
  }
}

const isLength = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LARGEST
