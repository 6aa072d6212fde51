// Which cards are drawn, and how: those in sight, far out as boxes without text. While the map is moved they come, go and
// change a few a frame, from the middle outwards, so that no frame takes long; while it is zoomed they only come, as boxes:
// whatever changes is painted anew with all that is around it. Another picture is drawn at once.
import { useRafFn } from '@vueuse/core'
import { computed, shallowRef, watch } from 'vue'
import type { Box } from './arrange.ts'
import { type Layout, overlap } from './layout.ts'
import type { Card, Picture } from './picture.ts'

/** Cards with their text that a frame has time for; of boxes without there may be more. */
export const CARDS_A_FRAME = 12
export const BOXES_A_FRAME = 48

export interface DrawnCard {
  readonly card: Card
  readonly box: Box
  readonly isFar: boolean
}

interface Seen {
  readonly picture: Picture
  readonly layout: Layout
  /** What is on screen, and a little more. */
  readonly visible: Box
  readonly isFar: boolean
  readonly isZooming: boolean
  /** Drawn wherever it is. */
  readonly current: string | undefined
}

/** How far from each other their middles are, squared. */
function distance(a: Box, b: Box): number {
  const [x, y] = [a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2]
  return x * x + y * y
}

export function useDrawn(seen: () => Seen) {
  /** By card: whether it is far. */
  const wanted = computed(() => {
    const { picture, layout, visible, isFar, current } = seen()
    const cards = new Map<string, boolean>()
    for (const { id } of picture.cards) {
      const box = layout.boxes.get(id)
      if (box && (overlap(box, visible) || id === current)) cards.set(id, isFar)
    }
    return cards
  })
  const drawn = shallowRef<ReadonlyMap<string, boolean>>(wanted.value)

  const { pause, resume } = useRafFn(goOn, { immediate: false })
  function goOn() {
    const { layout, visible, current, isFar, isZooming } = seen()
    const next = new Map(drawn.value)
    const away = ([id]: readonly [string, boolean]) => distance(layout.boxes.get(id) ?? visible, visible)
    const coming = isZooming
      ? [...wanted.value.keys()].filter(id => !next.has(id)).map(id => [id, true] as const)
      : [...wanted.value].filter(each => next.get(each[0]) !== each[1])
    const going = isZooming ? [] : [...next].filter(([id]) => !wanted.value.has(id))
    // Where the keys are comes first: it is to have the focus.
    coming.sort((a, b) => Number(b[0] === current) - Number(a[0] === current) || away(a) - away(b))
    const most = isFar || isZooming ? BOXES_A_FRAME : CARDS_A_FRAME
    for (const [id, asBox] of coming.slice(0, most)) next.set(id, asBox)
    for (const [id] of going.slice(0, Math.max(0, most - coming.length))) next.delete(id)
    if (coming.length + going.length > 0) drawn.value = next
    if (coming.length + going.length > most) resume()
    else pause()
  }
  watch([wanted, () => seen().picture, () => seen().isZooming], ([cards, picture], [, before]) => {
    if (picture === before) return goOn()
    drawn.value = cards
    pause()
  })

  return computed(() => {
    const { picture, layout } = seen()
    return picture.cards.flatMap((card): DrawnCard[] => {
      const [box, isFar] = [layout.boxes.get(card.id), drawn.value.get(card.id)]
      return box && isFar !== undefined ? [{ card, box, isFar }] : []
    })
  })
}
