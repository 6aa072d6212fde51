// Where a line of measurements breaks off: nothing was measured for a while.
import type { Sample } from '../../shared/machinery/usage-series.ts'

/** Readings of a window are two minutes apart at most. */
const NEAR_MS = 200_000

/**
 * @returns whether nothing was measured between a sample and the one before. Hours that the server tells of many pods are
 * coarse, so a distance is a gap only where it is much longer than the one beside it.
 */
export function isAfterGap(samples: readonly Pick<Sample, 'at'>[], index: number): boolean {
  const distance = (to: number): number | undefined => {
    const [before, after] = [samples[to - 1], samples[to]]
    return before && after && after.at - before.at
  }
  const own = distance(index)
  if (own === undefined || own <= NEAR_MS) return false
  const beside = distance(index - 1) ?? distance(index + 1)
  return beside === undefined || own > 2 * beside
}
