// Images out of what somebody typed, and those that a node has.
import type { Node } from '../../shared/api/core/v1.ts'
import { t } from '../i18n/i18n.ts'

export interface TypedImages {
  readonly images: readonly string[]
  readonly problems: readonly string[]
}

/** One a line, or with spaces or commas between them; the same twice is one. */
export function parseImages(text: string): TypedImages {
  const words = [...new Set(text.split(/[\s,]+/).filter(Boolean))]
  const isName = (word: string) => /^[A-Za-z0-9][\w.:/@-]{0,511}$/.test(word)
  return {
    images: words.filter(isName),
    problems: words
      .filter(word => !isName(word))
      .map(word => t('{image} is not the name of an image.', { image: JSON.stringify(word) })),
  }
}

export interface NodeImage {
  /** As people call it: by its tag, where it has one. */
  readonly name: string
  /** All its names. */
  readonly names: readonly string[]
  readonly bytes: number
}

/** The largest first. */
export const imagesOf = ({ status }: Node): NodeImage[] =>
  (status.images ?? [])
    .map(({ names = [], sizeBytes = 0 }) => ({
      name: names.find(name => !name.includes('@')) ?? names[0] ?? '',
      names,
      bytes: Number(sizeBytes),
    }))
    .filter(({ name }) => name !== '')
    .sort((a, b) => b.bytes - a.bytes || a.name.localeCompare(b.name))
