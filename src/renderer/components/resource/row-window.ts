// Which of many rows are on screen. All have one height, so that nothing is measured or kept per row. Rows are drawn in
// slots: a row that comes into view takes the element of one that left, and only what differs is changed.
import { useElementSize, useEventListener, useTimeoutFn } from '@vueuse/core'
import { type Ref, computed, ref } from 'vue'

/** Drawn above and below what is seen, so that a turn of the wheel finds rows there. */
const BEYOND = 6
/** Without a turn of the wheel for that long the list is at rest. */
const REST_MS = 150

export interface DrawnRow {
  readonly index: number
  /** No two that are drawn have the same. */
  readonly slot: number
}

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
  const { height, width } = useElementSize(scroller)
  const top = ref(0)
  const look = () => (top.value = scroller.value?.scrollTop ?? 0)
  const isMoving = ref(false)
  const { start: restSoon } = useTimeoutFn(() => (isMoving.value = false), REST_MS, { immediate: false })
  const onScroll = () => {
    isMoving.value = true
    restSoon()
    look()
  }
  useEventListener(scroller, 'scroll', onScroll, { passive: true })

  const seen = () => Math.max(0, height.value - headerHeight)
  const first = computed(() => Math.max(0, Math.min(Math.floor(top.value / rowHeight), count() - 1) - BEYOND))
  const slots = computed(() => Math.ceil(seen() / rowHeight) + 2 * BEYOND + 1)
  // As many wherever the list stands, so that none is made or taken away as it is scrolled.
  const end = computed(() => Math.min(count(), first.value + slots.value))
  /** In the order of the list at rest, as screen readers want it; while it moves, elements stay where they are. */
  const drawn = computed((): readonly DrawnRow[] => {
    const rows = Array.from({ length: end.value - first.value }, (_, at) => {
      const index = first.value + at
      return { index, slot: index % slots.value }
    })
    return isMoving.value ? rows.sort((a, b) => a.slot - b.slot) : rows
  })

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
  return { drawn, reveal, width, rowsSeen: () => Math.max(1, Math.floor(seen() / rowHeight)) }
}
