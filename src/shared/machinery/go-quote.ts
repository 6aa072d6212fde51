// Texts in quotes, as Go's %q writes them.

const NAMED: Readonly<Record<string, string>> = {
  '\x07': String.raw`\a`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\v': String.raw`\v`,
  '"': String.raw`\"`,
  '\\': '\\\\',
}

/** What is no letter, mark, number, punctuation or symbol; of all blanks only the plain one is printed. */
const SPECIAL = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return NAMED[character] ?? `\\x${hex(code, 2)}`
  return code < 0x1_0000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

export const quote = (text: string): string => `"${text.replace(SPECIAL, escaped)}"`
