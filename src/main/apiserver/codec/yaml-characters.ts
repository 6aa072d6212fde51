// Which bytes and characters may not stand in a YAML text, in the words of Go's reader.
import { isUtf8 } from 'node:buffer'

const NOT_ALLOWED = /[\0-\x08\v\f\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/

/**
 * @param text what the bytes are, read as UTF-8
 * @returns what is wrong with them
 */
export function unreadableAsYaml(bytes: Buffer, text: string): string | undefined {
  if (!isUtf8(bytes)) return `yaml: ${brokenSequence(bytes)}`
  return NOT_ALLOWED.test(text) ? 'yaml: control characters are not allowed' : undefined
}

/** What is wrong with the first sequence that is no character. */
function brokenSequence(bytes: Buffer): string {
  let at = 0
  for (;;) {
    const lead = bytes[at] ?? 0
    const width = lead < 0x80 ? 1 : lead >> 5 === 6 ? 2 : lead >> 4 === 14 ? 3 : lead >> 3 === 30 ? 4 : 0
    if (width === 0) return 'invalid leading UTF-8 octet'
    const sequence = bytes.subarray(at, at + width)
    if (sequence.length < width) return 'incomplete UTF-8 octet sequence'
    if (sequence.some((byte, i) => i > 0 && byte >> 6 !== 2)) return 'invalid trailing UTF-8 octet'
    if (!isUtf8(sequence)) {
      const code = sequence.reduce((sum, byte, i) => (i === 0 ? byte & (0x7f >> width) : sum * 64 + (byte & 0x3f)), 0)
      const shortest = [0, 0, 0x80, 0x800, 0x10000][width] ?? 0
      return code < shortest ? 'invalid length of a UTF-8 sequence' : 'invalid Unicode character'
    }
    at += width
  }
}
