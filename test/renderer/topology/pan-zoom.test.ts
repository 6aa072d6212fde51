// What of the map is seen first, and when all of it shall be.
import { describe, expect, it } from 'vitest'
import { READABLE_SCALE, viewOf } from '@/topology/use-pan-zoom.ts'

const room = { width: 2300, height: 1340 }
const box = (width: number, height: number) => ({ x: 0, y: 0, width, height })
/** Where the box is drawn, and whether that is all in the room. */
function drawn(of: ReturnType<typeof box>, least?: number) {
  const { x, y, scale } = viewOf(of, room, least)
  const [right, bottom] = [x + of.width * scale, y + of.height * scale]
  return { top: y, scale, isWide: x >= 0 && right <= room.width, isHigh: y >= 0 && bottom <= room.height }
}

describe('viewOf()', () => {
  it('shows all that there is room for, in cards of no poster', () => {
    expect(drawn(box(1200, 900), READABLE_SCALE)).toMatchObject({ isWide: true, isHigh: true })
    expect(drawn(box(200, 200), READABLE_SCALE).scale).toBe(1.4)
  })
  it('begins a taller map at its top, so that it can be read', () => {
    const seen = drawn(box(1200, 9000), READABLE_SCALE)
    expect(seen).toEqual({ top: 32, scale: READABLE_SCALE, isWide: true, isHigh: false })
  })
  it('shows every column in smaller cards', () => {
    const seen = drawn(box(3800, 9000), READABLE_SCALE)
    expect(seen.isWide).toBe(true)
    expect(seen.scale).toBeLessThan(READABLE_SCALE)
  })
  it('begins at the left where columns would become too small to be read', () => {
    const { x, scale } = viewOf(box(6000, 9000), room, READABLE_SCALE)
    expect([x, scale]).toEqual([32, 0.55])
    expect(drawn(box(6000, 9000)).isWide, 'but to whoever asks for all').toBe(true)
  })
  it('shows the whole map to whoever asks for it', () => {
    expect(drawn(box(1200, 9000))).toMatchObject({ isWide: true, isHigh: true })
    expect(drawn(box(1200, 30_000)), 'also of thousands').toMatchObject({ isWide: true, isHigh: true })
  })
})
