// What is drawn while the map is moved: a few cards more a frame, from the middle outwards, all of them in the end.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type App, createApp, nextTick, shallowReactive } from 'vue'
import type { Box } from '@/topology/arrange.ts'
import type { Layout } from '@/topology/layout.ts'
import type { Card, Picture } from '@/topology/picture.ts'
import { BOXES_A_FRAME, CARDS_A_FRAME, useDrawn } from '@/topology/use-drawn.ts'

const ALL = 200
const HIGH = 100
const boxAt = (y: number, height = HIGH): Box => ({ x: 0, y, width: 200, height })
const nameOf = (index: number) => `card-${index}`
/** One card below the other. */
function pictureOf(count: number) {
  const cards = Array.from({ length: count }, (_, index) => ({ id: nameOf(index) }) as Card)
  const boxes = new Map(cards.map(({ id }, index) => [id, boxAt(index * HIGH)]))
  return { picture: { cards } as unknown as Picture, layout: { boxes } as unknown as Layout }
}

let app: App
let drawn: ReturnType<typeof useDrawn>
let seen: ReturnType<Parameters<typeof useDrawn>[0]>
/** What waits for the next frame. */
let frames: FrameRequestCallback[]
/** @returns how many frames there were until none was asked for */
async function draw(most = 100) {
  await nextTick()
  let count = 0
  for (; frames.length > 0 && count < most; count++) for (const each of frames.splice(0)) each(count * 16)
  return count
}
const names = () => drawn.value.map(({ card }) => card.id)

beforeEach(() => {
  frames = []
  vi.stubGlobal('requestAnimationFrame', (each: FrameRequestCallback) => frames.push(each))
  vi.stubGlobal('cancelAnimationFrame', (id: number) => frames.splice(id - 1, 1))
  seen = shallowReactive({
    ...pictureOf(ALL),
    visible: boxAt(0, 3 * HIGH),
    isFar: false,
    isZooming: false,
    current: undefined,
  })
  app = createApp({ setup: () => ((drawn = useDrawn(() => seen)), () => null) })
  app.mount(document.createElement('div'))
})
afterEach(() => {
  app.unmount()
  vi.unstubAllGlobals()
})
const set = (next: Partial<typeof seen>) => Object.assign(seen, next)

it('begins with all that is in sight, and no more', () => expect(names()).toEqual(['card-0', 'card-1', 'card-2']))

it('draws what comes into sight in steps that a frame has time for, from the middle outwards', async () => {
  set({ visible: boxAt(0, ALL * HIGH) })
  await nextTick()
  expect(names()).toHaveLength(3 + CARDS_A_FRAME)
  expect(names()).toContain(nameOf(ALL / 2))
  expect(names()).not.toContain(nameOf(ALL - 1))
  expect(await draw()).toBeGreaterThan(ALL / CARDS_A_FRAME - 3)
  expect(names()).toHaveLength(ALL)
})

it('draws more boxes a frame than cards with text, and gives those their text in steps again', async () => {
  set({ visible: boxAt(0, ALL * HIGH), isFar: true })
  await nextTick()
  expect(drawn.value.filter(({ isFar }) => isFar)).toHaveLength(BOXES_A_FRAME)
  await draw()
  expect(drawn.value.every(({ isFar }) => isFar)).toBe(true)
  set({ isFar: false })
  await nextTick()
  expect(drawn.value.filter(({ isFar }) => !isFar)).toHaveLength(CARDS_A_FRAME)
  await draw()
  expect(drawn.value.some(({ isFar }) => isFar)).toBe(false)
})

it('takes away what left, after what came', async () => {
  set({ visible: boxAt(0, 50 * HIGH) })
  await draw()
  set({ visible: boxAt(100 * HIGH, CARDS_A_FRAME * HIGH) })
  await nextTick()
  expect(names()).toHaveLength(50 + CARDS_A_FRAME)
  await draw()
  expect(names()).toHaveLength(CARDS_A_FRAME)
})

it('only adds boxes while it is zoomed, and gives them their text, and takes away what left, when that is over', async () => {
  set({ visible: boxAt(0, 50 * HIGH) })
  await draw()
  set({ visible: boxAt(40 * HIGH, 20 * HIGH), isZooming: true })
  await draw()
  expect(names()).toHaveLength(60)
  expect(drawn.value.filter(({ isFar }) => isFar).map(({ card }) => card.id)).toEqual(names().slice(50))
  set({ isFar: true })
  expect(await draw()).toBe(0)
  set({ isFar: false, isZooming: false })
  await draw()
  expect(names()).toHaveLength(20)
  expect(drawn.value.some(({ isFar }) => isFar)).toBe(false)
})

it('has where the keys are at once, wherever that is', async () => {
  set({ visible: boxAt(0, ALL * HIGH), current: nameOf(ALL - 1) })
  await nextTick()
  expect(names()).toContain(nameOf(ALL - 1))
})

it('draws another picture at once', async () => {
  set({ visible: boxAt(0, ALL * HIGH) })
  await nextTick()
  set(pictureOf(2 * ALL))
  await nextTick()
  expect(names()).toHaveLength(ALL)
  expect(await draw()).toBeLessThan(2)
})
