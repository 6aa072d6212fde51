// Which of many rows are on screen. All have one height, so that nothing is measured or kept per row.
import { useElementSize, useEventListener } from '@vueuse/core'
import { type Ref, computed, ref } from 'vue'

/** Drawn above and below what is seen, so that a turn of the wheel finds rows there. */
const BEYOND = 6

/**
 * @param scroller holds a header of `headerHeight` that stays on top, then the rows
 * @param count of all rows
 */
export function useRowWindow(
  scroller: Readonly<Ref<HTMLElement | null>>,
  count: () => number,
  rowHeight: number,
  headerHeight: number,
) {
  const { height } = useElementSize(scroller)
  const top = ref(0)
  const look = () => (top.value = scroller.value?.scrollTop ?? 0)
  useEventListener(scroller, 'scroll', look, { passive: true })

  const seen = () => Math.max(0, height.value - headerHeight)
  const first = computed(() => Math.max(0, Math.min(Math.floor(top.value / rowHeight), count() - 1) - BEYOND))
  const end = computed(() => Math.min(count(), Math.ceil((top.value + seen()) / rowHeight) + BEYOND))

  /** Moves as little as is needed for the row to be seen whole. */
  function reveal(index: number): void {
    const element = scroller.value
    if (!element) return
    const from = index * rowHeight
    const least = from + rowHeight - seen()
    if (from < element.scrollTop) element.scrollTop = from
    else if (least > element.scrollTop) element.scrollTop = least
    // Told by the browser a frame later; the row is wanted now.
    look()
  }
  return { first, end, reveal, rowsSeen: () => Math.max(1, Math.floor(seen() / rowHeight)) }
}
