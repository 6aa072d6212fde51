// Time as a dependency, so that tests never wait for a real timer.

export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number
  /** Monotonic milliseconds; never jumps with the wall clock. */
  monotonic(): number
  /** @returns a function that cancels the call. Timers never keep the process alive. */
  after(delayMs: number, run: () => void): () => void
}

const unref = (timer: unknown) => (timer as { unref?: () => void }).unref?.()

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1))
    unref(timer)
    return () => clearTimeout(timer)
  },
}

/** Resolves after `delayMs`, or rejects with the signal's reason when it aborts first. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    const stop = () => {
      cancel()
      reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Nearly all that is written in a second says the same one. */
let lastSecond = Number.NaN
let lastText = ''

/** @returns the time as metav1.Time prints it: RFC 3339 in UTC, whole seconds. */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000)
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toISOString().replace('.000Z', 'Z')
    lastSecond = second
  }
  return lastText
}

/** @returns the time as metav1.MicroTime prints it: RFC 3339 in UTC, microseconds. */
export const formatMicroTime = (ms: number): string => new Date(ms).toISOString().replace(/Z$/, '000Z')
