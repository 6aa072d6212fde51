// Where the window was, and where it may be shown again: displays come and go.
import * as v from 'valibot'

const pixels = v.pipe(v.number(), v.integer())

export const WINDOW_STATE = v.object({
  x: v.optional(pixels),
  y: v.optional(pixels),
  width: v.pipe(pixels, v.minValue(1)),
  height: v.pipe(pixels, v.minValue(1)),
  maximized: v.boolean(),
})

/** Without `x` and `y` the system places it. */
export type WindowState = Readonly<v.InferOutput<typeof WINDOW_STATE>>

/** A display without what the system's own bars take. */
export interface WorkArea {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const MIN_SIZE = { width: 960, height: 600 }
const DEFAULT: WindowState = { width: 1440, height: 900, maximized: false }
/** So much of the title bar must be in reach of the mouse. */
const GRIP = { width: 120, height: 40 }

const overlap = (from: number, length: number, otherFrom: number, otherLength: number) =>
  Math.min(from + length, otherFrom + otherLength) - Math.max(from, otherFrom)

/**
 * @param saved the state at the last time
 * @param areas of every display; the first is the main one
 * @returns the same state when its title bar is in reach, else one that the system places; never larger than its display
 */
export function placeWindow(saved: WindowState | undefined, areas: readonly [WorkArea, ...WorkArea[]]): WindowState {
  const state = saved ?? DEFAULT
  const { x, y, width, height } = state
  const area =
    x === undefined || y === undefined
      ? undefined
      : areas.find(
          other =>
            overlap(x, width, other.x, other.width) >= GRIP.width &&
            overlap(y, GRIP.height, other.y, other.height) >= GRIP.height,
        )
  const room = area ?? areas[0]
  return {
    ...(area ? { x, y } : {}),
    width: Math.min(Math.max(width, MIN_SIZE.width), room.width),
    height: Math.min(Math.max(height, MIN_SIZE.height), room.height),
    maximized: state.maximized,
  }
}
