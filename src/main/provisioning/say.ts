// What people are told of hosts: in English, and with what a window needs to say it in its own language.
import type { HostText } from '../../shared/api/flotilla/v1.ts'
import { filledIn } from '../../shared/machinery/host-text.ts'

/** One sentence or several. */
export class Said {
  readonly texts: readonly HostText[]

  constructor(texts: readonly HostText[]) {
    this.texts = texts
  }

  and(other: Said): Said {
    return new Said([...this.texts, ...other.texts])
  }

  /** In English. */
  toString(): string {
    return this.texts.map(each => filledIn(each.text, each)).join(' ')
  }
}

/** As a status has it. */
export const messageOf = (said: Said) => ({ message: String(said), said: [...said.texts] })

/** @param text in English, written out here: by it windows find what they say instead. @param values by the names in braces */
export function say(text: string, values: Readonly<Record<string, string | number>> = {}): Said {
  const entries = Object.entries(values).map(([name, value]) => [name, String(value)])
  return new Said([
    entries.length > 0 ? { text, values: Object.fromEntries(entries) as Record<string, string> } : { text },
  ])
}
