// Reads the usual JSON body at once: most have nothing that `scanJson` would find, and show that in what they say.
import { parseJson } from '../../../shared/machinery/json-text.ts'

/** @returns how many texts and names the value has; NaN where it is nested too deeply or has a number that is none */
function textsIn(value: unknown, room: number): number {
  if (typeof value === 'string') return 1
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : Number.NaN
  if (typeof value !== 'object' || value === null) return 0
  if (room === 0) return Number.NaN
  let texts = 0
  if (Array.isArray(value)) for (const item of value) texts += textsIn(item, room - 1)
  else for (const key in value) texts += 1 + textsIn((value as Record<string, unknown>)[key], room - 1)
  return texts
}

/** A number with a fraction or an exponent: how it is written may matter. */
const FRACTION = /[:[,]\s*-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)\s*[,\]}]/

/**
 * A field that is given twice is there once: then the value has fewer texts than the quotes around them tell.
 * @returns undefined for what needs a closer look
 */
export function parsePlainJson(text: string, maxDepth: number): unknown {
  if (text.includes('\\') || FRACTION.test(text)) return undefined
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    return undefined
  }
  let quotes = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++
  return textsIn(value, maxDepth) * 2 === quotes ? value : undefined
}
