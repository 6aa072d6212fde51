// When the map is laid out for another shape of the window.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type EffectScope, computed, effectScope, nextTick } from 'vue'
import { useWindowShape } from '@/topology/use-window-shape.ts'

let scope: EffectScope
beforeEach(() => (scope = effectScope()))
afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
})

async function resize(width: number, height: number) {
  vi.stubGlobal('innerWidth', width)
  vi.stubGlobal('innerHeight', height)
  window.dispatchEvent(new Event('resize'))
  await nextTick()
}

it('is about that of the window, and another one only now and then while its edge is dragged', async () => {
  await resize(1200, 800)
  const shape = scope.run(() => useWindowShape())!
  let laidOut = 0
  const layout = computed(() => (laidOut++, shape.value))
  for (let width = 1200; width <= 1600; width++) {
    await resize(width, 800)
    expect(Math.abs(Math.log(layout.value / (width / 800)))).toBeLessThan(0.06)
  }
  expect(laidOut).toBeGreaterThan(1)
  expect(laidOut).toBeLessThan(6)
})
