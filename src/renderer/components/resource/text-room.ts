// Whether a text fits where it is to stand. What may have to be cut costs the browser a clip of its own in every frame in
// which a list moves, and most texts of a list fit; to ask the page for each would cost more still.
import { shallowRef } from 'vue'

export type Font = 'plain' | 'strong' | 'mono' | 'badge'

const FONTS: Readonly<Record<Font, string>> = {
  plain: "13px 'Inter Variable', sans-serif",
  strong: "500 13px 'Inter Variable', sans-serif",
  mono: "12px 'JetBrains Mono Variable', monospace",
  badge: "500 12px 'Inter Variable', sans-serif",
}
/** Characters that look different beside others: what fits has that much to spare. */
const SPARE = 1.05

/** Changes when the fonts of the page do, and with them what fits. */
export const fontsLoaded = shallowRef(0)
/** Px of characters, by font and code. */
const widths = new Map<Font, Map<number, number>>()
if (typeof document !== 'undefined' && 'fonts' in document)
  document.fonts.addEventListener('loadingdone', () => {
    widths.clear()
    fontsLoaded.value++
  })

/** Latin and the dashes and dots beside it: in other scripts a character is not as wide by itself as beside others. */
const isPlain = (code: number) => (code >= 0x20 && code < 0x180) || (code >= 0x2010 && code <= 0x2026)

function measure(code: number, font: Font): number {
  const context = isPlain(code) ? document.createElement('canvas').getContext('2d') : null
  if (!context) return Number.POSITIVE_INFINITY
  context.font = FONTS[font]
  return context.measureText(String.fromCharCode(code)).width * SPARE
}

/** @returns px of the text, counted until they are more than `most`; Infinity where that is not known */
export function textWidth(text: string, font: Font, most: number): number {
  let known = widths.get(font)
  if (!known) widths.set(font, (known = new Map()))
  let sum = 0
  for (let at = 0; at < text.length && sum <= most; at++) {
    const code = text.charCodeAt(at)
    let width = known.get(code)
    if (width === undefined) known.set(code, (width = measure(code, font)))
    sum += width
  }
  return sum
}

/** @param room px @returns false for a text whose width is not known */
export const fits = (text: string, font: Font, room: number): boolean => textWidth(text, font, room) <= room
