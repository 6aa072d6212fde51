// The shape of the window, for what is laid out to fit it.
import { useWindowSize } from '@vueuse/core'
import { type ComputedRef, computed } from 'vue'

/** Of the logarithm: what differs by less is the same shape. */
const STEP = 0.1

/** @returns how wide it is, by how high: in steps, or all would be laid out anew at every pixel that it grows or shrinks */
export function useWindowShape(): ComputedRef<number> {
  const { width, height } = useWindowSize()
  return computed(() => Math.exp(Math.round(Math.log(width.value / height.value) / STEP) * STEP))
}
