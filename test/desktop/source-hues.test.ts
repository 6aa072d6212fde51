// The colours of containers in merged logs.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { hueOf } from '../../src/renderer/dock/source-hues.ts'

const styles = readFileSync('src/renderer/styles/main.css', 'utf8')

/** The angle in OKLCH of a colour such as `#c22434`. */
function hueOfColor(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map(at => {
    const share = parseInt(hex.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s
  const b = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s
  return ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360
}
const apart = (a: number, b: number) => Math.min(Math.abs(a - b), 360 - Math.abs(a - b))
const hues = Array.from({ length: 8 }, (_, index) => hueOf(index))

it('are none that could be taken for an error or a warning, in either theme', () => {
  const alarming = [...styles.matchAll(/--(?:failed|warning): (#[0-9a-f]{6})/g)].map(([, hex]) => hueOfColor(hex ?? ''))
  expect(alarming).toHaveLength(4)
  for (const hue of hues) for (const other of alarming) expect(apart(hue, other), String(hue)).toBeGreaterThan(45)
})

it('are told apart, the first ones well', () => {
  for (const [index, hue] of hues.entries())
    for (const other of hues.slice(0, index)) expect(apart(hue, other)).toBeGreaterThanOrEqual(20)
  expect(apart(hueOf(0), hueOf(1))).toBeGreaterThan(60)
})
