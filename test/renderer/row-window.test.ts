// Which rows of a list are drawn: as many as are seen and a few more, however many there are.
import { describe, expect, it } from 'vitest'
import { ref, shallowRef } from 'vue'
import { useRowWindow } from '@/components/resource/row-window.ts'

const ROW = 40
const HEADER = 30
/** Ten rows are seen. */
const HEIGHT = HEADER + 10 * ROW

/** First, and the one after the last. */
const rangeOf = (indexes: readonly number[]) => {
  const sorted = [...indexes].sort((a, b) => a - b)
  return indexes.length === 0 ? [0, 0] : [sorted[0], (sorted.at(-1) ?? 0) + 1]
}

function listOf(rows: number) {
  const scroller = document.createElement('div')
  // Nothing is laid out here.
  scroller.style.cssText = 'padding: 0px; border: 0px solid'
  document.body.append(scroller)
  Object.defineProperty(scroller, 'offsetHeight', { value: HEIGHT })
  const count = ref(rows)
  const view = useRowWindow(shallowRef(scroller), () => count.value, ROW, HEADER)
  const scroll = (top: number) => {
    scroller.scrollTop = top
    scroller.dispatchEvent(new Event('scroll'))
  }
  const slots = () => view.drawn.value.map(({ slot }) => slot)
  const indexes = () => view.drawn.value.map(({ index }) => index)
  return {
    ...view,
    view,
    slots,
    indexes,
    scroller,
    count,
    scroll,
    drawn: () => rangeOf(view.drawn.value.map(({ index }) => index)),
  }
}

describe('useRowWindow()', () => {
  it('draws what is seen of 10,000 rows and at least six more where there are any, always as many', () => {
    const { drawn, scroll } = listOf(10_000)
    expect(drawn()).toEqual([0, 23])
    scroll(5_000 * ROW + 1)
    expect(drawn()).toEqual([4_994, 5_017])
    scroll(9_990 * ROW)
    expect(drawn()).toEqual([9_984, 10_000])
  })
  it('draws the last rows as soon as those that were seen are gone', () => {
    const { drawn, scroll, count } = listOf(10_000)
    scroll(5_000 * ROW)
    count.value = 20
    expect(drawn()).toEqual([13, 20])
    count.value = 0
    expect(drawn()).toEqual([0, 0])
  })
  it('gives a row that comes the place of one that went, and leaves all others where they are', () => {
    const { scroll, slots, indexes, view } = listOf(10_000)
    scroll(5_000 * ROW)
    const before = new Map(view.drawn.value.map(({ index, slot }) => [index, slot]))
    expect(new Set(before.values()).size).toBe(before.size)
    scroll(5_003 * ROW)
    expect(slots()).toEqual([...slots()].sort((a, b) => a - b))
    const stayed = view.drawn.value.filter(({ index }) => before.has(index))
    expect(stayed).toHaveLength(indexes().length - 3)
    for (const { index, slot } of stayed) expect(slot).toBe(before.get(index))
  })
  it('is in the order of the list once it is at rest', async () => {
    const { scroll, indexes } = listOf(10_000)
    scroll(5_010 * ROW)
    const ordered = [...indexes()].sort((a, b) => a - b)
    expect(indexes()).not.toEqual(ordered)
    await expect.poll(indexes).toEqual(ordered)
  })
  it('reveals a row by moving as little as is needed', () => {
    const { reveal, scroller, drawn } = listOf(10_000)
    reveal(9)
    expect(scroller.scrollTop).toBe(0)
    reveal(10)
    expect(scroller.scrollTop).toBe(ROW)
    reveal(0)
    expect(scroller.scrollTop).toBe(0)
    reveal(9_999)
    expect([scroller.scrollTop, drawn()]).toEqual([9_990 * ROW, [9_984, 10_000]])
  })
})
