// Whether somebody at the other end of a connection is still there. Whatever comes from there is a sign of life: what is
// asked may have to wait behind much that is on its way.
import type { Clock } from './clock.ts'

export interface HeartbeatOptions {
  readonly clock: Clock
  readonly everyMs: number
  /** Asks the other end to say something. */
  readonly ask: () => void
  /** Nothing came for three times as long: nobody is there. */
  readonly lost: () => void
}

export interface Heartbeat extends Disposable {
  /** Something came from the other end. */
  heard(): void
}

const MOST_SILENT = 3

/** Beats are counted, not the time: one that a busy or suspended machine was late for says nothing of the other end. */
export function startHeartbeat({ clock, everyMs, ask, lost }: HeartbeatOptions): Heartbeat {
  let silent = 0
  const beat = () => {
    if (++silent >= MOST_SILENT) return lost()
    cancel = clock.after(everyMs, beat)
    ask()
  }
  let cancel = clock.after(everyMs, beat)
  return { heard: () => void (silent = 0), [Symbol.dispose]: () => cancel() }
}
