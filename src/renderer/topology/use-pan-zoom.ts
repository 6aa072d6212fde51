// Panning and zooming of a drawing: wheel and drag pan, Ctrl and wheel (a pinch) zooms where the pointer is.
import { refAutoReset, useElementSize, useEventListener } from '@vueuse/core'
import { type Ref, computed, ref, shallowRef } from 'vue'
import { deepEqual } from '../../shared/machinery/deep-equal.ts'
import type { Box } from './arrange.ts'

/** All of thousands of objects, as colours. */
const MIN_SCALE = 0.02
const MAX_SCALE = 2
/** Smaller cards are hard to read: a taller drawing begins at its top instead, in this size. */
export const READABLE_SCALE = 0.8
/** To have all columns in sight cards may be smaller, but not so small that nothing can be read. */
const COLUMNS_SCALE = 0.55
/** What is small fills a large screen, but cards are not to look like posters. */
const MAX_FIT_SCALE = 1.4
const MARGIN = 32
/** What is drawn beyond the edges, so that panning does not show gaps and need not redraw at every pixel. */
const CELL = 240

/** After the last step of a wheel or a pinch. */
const ZOOMED_MS = 150

const clampScale = (scale: number) => Math.max(MIN_SCALE, Math.min(MAX_SCALE, scale))

/**
 * @param least smaller than this only to show all columns, as far as that goes, not to show all of each
 * @param across how wide these columns are; there may be others beside them
 */
export function viewOf(box: Box, room: Pick<Box, 'width' | 'height'>, least = MIN_SCALE, across = box.width) {
  const [wide, high] = [(room.width - 2 * MARGIN) / across, (room.height - 2 * MARGIN) / box.height]
  const readable = Math.max(wide, Math.min(least, COLUMNS_SCALE))
  const scale = clampScale(Math.min(MAX_FIT_SCALE, readable, Math.max(high, least)))
  const centred = (room.width - box.width * scale) / 2
  return { x: Math.max(MARGIN, centred) - box.x * scale, y: MARGIN - box.y * scale, scale }
}

export function usePanZoom(element: Readonly<Ref<HTMLElement | null>>) {
  const { width, height } = useElementSize(element)
  const view = shallowRef({ x: MARGIN, y: MARGIN, scale: 1 })
  const isDragging = ref(false)
  const isZooming = refAutoReset(false, ZOOMED_MS)
  /** What is shown as the drawing grows: what can be read of it, the whole, or what somebody chose. */
  let shown: 'readable' | 'whole' | 'chosen' = 'readable'

  function zoomAt(x: number, y: number, factor: number) {
    const { x: left, y: top, scale } = view.value
    const next = clampScale(scale * factor)
    isZooming.value = true
    view.value = { x: x - ((x - left) / scale) * next, y: y - ((y - top) / scale) * next, scale: next }
  }
  function zoom(factor: number) {
    shown = 'chosen'
    zoomAt(width.value / 2, height.value / 2, factor)
  }
  /** Goes on showing as much of the box as can be read, or all of it, as it grows, until somebody has moved it. */
  function keepFitting(box: Box, across?: number) {
    if (shown === 'chosen' || !width.value || !height.value) return
    const room = { width: width.value, height: height.value }
    view.value = shown === 'whole' ? viewOf(box, room) : viewOf(box, room, READABLE_SCALE, across)
  }
  /** Shows the whole box. */
  function fit(box: Box) {
    shown = 'whole'
    keepFitting(box)
  }
  /** Begins anew, with as much of the box as can be read. */
  function begin(box: Box, across?: number) {
    shown = 'readable'
    keepFitting(box, across)
  }
  /** Moves just as far as needed to show the box. */
  function reveal(box: Box) {
    shown = 'chosen'
    const { x, y, scale } = view.value
    const shift = (at: number, from: number, size: number, room: number) => {
      const start = at + from * scale
      const end = start + size * scale
      if (start < MARGIN) return MARGIN - start
      return end > room - MARGIN ? Math.max(room - MARGIN - end, MARGIN - start) : 0
    }
    view.value = {
      x: x + shift(x, box.x, box.width, width.value),
      y: y + shift(y, box.y, box.height, height.value),
      scale,
    }
  }

  useEventListener(
    element,
    'wheel',
    (event: WheelEvent) => {
      event.preventDefault()
      shown = 'chosen'
      if (event.ctrlKey || event.metaKey) {
        const bounds = element.value?.getBoundingClientRect()
        zoomAt(event.clientX - (bounds?.x ?? 0), event.clientY - (bounds?.y ?? 0), Math.exp(-event.deltaY / 240))
        return
      }
      const { x, y, scale } = view.value
      const [dx, dy] = event.shiftKey ? [event.deltaY, 0] : [event.deltaX, event.deltaY]
      view.value = { x: x - dx, y: y - dy, scale }
    },
    { passive: false },
  )
  useEventListener(element, 'pointerdown', (event: PointerEvent) => {
    if (event.button !== 0 || (event.target as Element).closest('[data-card]')) return
    const from = { ...view.value }
    const { clientX, clientY, pointerId } = event
    const target = element.value
    if (!target) return
    target.setPointerCapture(pointerId)
    shown = 'chosen'
    isDragging.value = true
    target.onpointermove = move =>
      (view.value = { ...from, x: from.x + move.clientX - clientX, y: from.y + move.clientY - clientY })
    target.onpointerup = target.onpointercancel = () => {
      target.onpointermove = target.onpointerup = target.onpointercancel = null
      isDragging.value = false
    }
  })

  /** The part of the drawing that is on screen, in steps: it changes only now and then while panning and zooming. */
  const visible = computed<Box>(before => {
    const { x, y, scale } = view.value
    const step = CELL / 2 ** Math.floor(Math.log2(scale))
    const from = (at: number) => Math.floor(-at / scale / step - 0.5) * step
    const room = (size: number) => (Math.ceil(size / scale / step) + 2) * step
    const box = { x: from(x), y: from(y), width: room(width.value), height: room(height.value) }
    // The very same, or all that is drawn is looked through at every pixel.
    return before && deepEqual(before, box) ? before : box
  })
  return { view, width, height, isDragging, isZooming, zoom, begin, fit, keepFitting, reveal, visible }
}
