// What a control plane says about hosts, with its values beside it, so that whoever reads another language is told the same.
import type { HostText } from '../api/flotilla/v1.ts'

/** @returns the text with values in place of their names in braces */
export const filledIn = (text: string, { values = {} }: Pick<HostText, 'values'>): string =>
  text.replace(/\{(\w+)\}/g, (name, key: string) => values[key] ?? name)
