// Moving and zooming the map: what is on screen is drawn, and what is drawn is looked through only now and then.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type App, computed, createApp, shallowRef } from 'vue'
import { overlap } from '@/topology/layout.ts'
import { usePanZoom } from '@/topology/use-pan-zoom.ts'

const SIZE = { width: 1200, height: 800 }
let app: App
let map: HTMLElement
let zoomed: ReturnType<typeof usePanZoom>

beforeEach(() => {
  map = document.createElement('div')
  // Nothing is laid out here.
  map.style.cssText = 'padding: 0px; border: 0px solid'
  Object.defineProperties(map, { offsetWidth: { value: SIZE.width }, offsetHeight: { value: SIZE.height } })
  document.body.append(map)
  app = createApp({ setup: () => ((zoomed = usePanZoom(shallowRef(map))), () => null) })
  app.mount(document.createElement('div'))
})
afterEach(() => {
  app.unmount()
  map.remove()
})

const wheel = (how: WheelEventInit) =>
  map.dispatchEvent(new WheelEvent('wheel', { cancelable: true, bubbles: true, ...how }))

it('looks through what is drawn a few times, however many steps the way has', () => {
  let looked = 0
  const seen = computed(() => {
    looked++
    return overlap({ x: 0, y: 0, width: 10, height: 10 }, zoomed.visible.value)
  })
  for (let step = 0; step < 100; step++) {
    wheel({ deltaX: 9, deltaY: 6 })
    void seen.value
  }
  expect(zoomed.view.value.x).toBeLessThan(-800)
  expect(looked).toBeGreaterThan(1)
  expect(looked).toBeLessThan(12)
  looked = 0
  for (let step = 0; step < 100; step++) {
    wheel({ deltaY: step < 50 ? 6 : -6, ctrlKey: true })
    void seen.value
  }
  expect(looked).toBeLessThan(30)
})

it('counts what lies on the screen as visible, wherever it was moved and however it was zoomed', () => {
  for (let step = 0; step < 200; step++) {
    wheel(step % 3 ? { deltaX: (step * 97) % 400, deltaY: -((step * 61) % 300) } : { deltaY: ((step * 31) % 200) - 100, ctrlKey: true }) // prettier-ignore
    const { x, y, scale } = zoomed.view.value
    const { width, height } = zoomed
    for (const [left, top] of [
      [0, 0],
      [width.value, 0],
      [0, height.value],
      [width.value, height.value],
    ] as const) {
      const corner = { x: (left - x) / scale - 1, y: (top - y) / scale - 1, width: 2, height: 2 }
      expect(overlap(corner, zoomed.visible.value)).toBe(true)
    }
  }
})

it('goes on showing the whole, or what can be read of it, as it grows, until it is moved', () => {
  const box = (height: number) => ({ x: 0, y: 0, width: 1000, height })
  const scale = () => zoomed.view.value.scale
  zoomed.keepFitting(box(10_000))
  expect(scale()).toBeGreaterThan(0.5)
  zoomed.fit(box(10_000))
  expect(scale()).toBeCloseTo(0.0736)
  zoomed.keepFitting(box(20_000))
  expect(scale()).toBeCloseTo(0.0368)
  wheel({ deltaY: 6 })
  zoomed.keepFitting(box(40_000))
  expect(scale()).toBeCloseTo(0.0368)
  zoomed.begin(box(40_000))
  expect(scale()).toBeGreaterThan(0.5)
})

it('begins with the first of several strips, in a size that can be read', () => {
  zoomed.begin({ x: 0, y: 0, width: 8_000, height: 5_000 }, 1_000)
  const { x, scale } = zoomed.view.value
  expect(scale).toBe(0.8)
  expect(x).toBe(32)
})
