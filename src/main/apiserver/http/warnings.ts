// The Warning headers of an answer: each text once, and no more of them than clients read.

/** Of all texts together, in characters: from there on each is cut, and once they are as many again nothing follows. */
const MOST_CHARACTERS = 4096
/** Of each text, where all of them would be too many. */
const CUT_CHARACTERS = 256

/**
 * RFC 7234: 299 is a persistent miscellaneous warning; the text is a quoted string. Header values are bytes: what is not
 * ASCII travels as UTF-8, as Go sends it.
 */
function headerOf(text: string): string {
  const quoted = text.replace(/[^\x20-\x7e\u00a0-\u{10ffff}]/gu, ' ').replace(/["\\]/g, '\\$&')
  return Buffer.from(`299 - "${quoted}"`, 'utf8').toString('latin1')
}

const lengthOf = (text: string): number => [...text].length
const cut = (text: string): string => [...text].slice(0, CUT_CHARACTERS).join('')

export class Warnings {
  /** Most answers have none. */
  #told: Set<string> | undefined
  #shown: string[] = []
  #characters = 0
  #isCutting = false

  add(text: string): void {
    const told = (this.#told ??= new Set())
    if (text === '' || (this.#isCutting && this.#characters >= MOST_CHARACTERS) || told.has(text)) return
    told.add(text)
    this.#show(text)
    if (this.#isCutting || this.#characters <= MOST_CHARACTERS) return
    this.#isCutting = true
    this.#shown = []
    this.#characters = 0
    for (const each of told) this.#show(each)
  }

  get headers(): readonly string[] {
    return this.#shown.map(headerOf)
  }

  #show(text: string): void {
    const shown = this.#isCutting ? cut(text) : text
    this.#shown.push(shown)
    this.#characters += lengthOf(shown)
  }
}
