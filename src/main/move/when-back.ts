// Sees a control plane that has moved come back to its folder.
import type { Clock } from '../../shared/machinery/clock.ts'
import { readMark } from './mark.ts'

const LOOK_MS = 500

/** @param back called once, when the mark is gone. @returns a function that stops looking */
export function whenBack(dataDir: string, clock: Clock, back: () => void): () => void {
  let cancel: () => void = () => undefined
  const look = () => {
    if (readMark(dataDir)) cancel = clock.after(LOOK_MS, look)
    else back()
  }
  cancel = clock.after(LOOK_MS, look)
  return () => cancel()
}
