// A part of the program that is loaded when it is first wanted, and asked for again while it does not come: browsers give
// up what they are loading when the machine's networks change, and a server that starts anew does not answer.
import { type ShallowRef, shallowRef } from 'vue'
import { createBackoff } from '../../shared/client/backoff.ts'
import { delay, systemClock } from '../../shared/machinery/clock.ts'
import { isNewerServed } from './newer-window.ts'

export interface Missing {
  /** How often it was asked for in vain. */
  readonly times: number
  readonly error: unknown
  /** The server has another window by now, to which this part does not belong: it never comes. */
  readonly isGone: boolean
}

export interface Part<T> {
  readonly value: Readonly<ShallowRef<T | undefined>>
  readonly missing: Readonly<ShallowRef<Missing | undefined>>
  /** Asks once; several at a time are one. */
  ask(): Promise<void>
  /**
   * Asks until it comes, or until the signal aborts.
   *
   * @param most times, after which it is given up
   * @throws the last reason, or the signal's
   */
  get(signal?: AbortSignal, most?: number): Promise<T>
}

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 8000
/** For what somebody waits for who is told of a failure and can press the button once more. */
export const FEW_TIMES = 4

/** @param isNewer whether the server has a window of another version */
export function createPart<T>(load: () => Promise<T>, isNewer: () => Promise<boolean> = isNewerServed): Part<T> {
  const value = shallowRef<T>()
  const missing = shallowRef<Missing>()
  let asking: Promise<void> | undefined

  async function attempt() {
    try {
      value.value = await load()
      missing.value = undefined
    } catch (error) {
      const isGone = await isNewer()
      missing.value = { times: (missing.value?.times ?? 0) + 1, error, isGone }
    }
  }
  const ask = () =>
    value.value === undefined ? (asking ??= attempt().finally(() => (asking = undefined))) : Promise.resolve()

  return {
    value,
    missing,
    ask,
    async get(signal, most = Infinity) {
      const backoff = createBackoff({ initialMs: FIRST_WAIT_MS, maxMs: LONGEST_WAIT_MS })
      for (let times = 1; ; times++) {
        await ask()
        signal?.throwIfAborted()
        if (value.value !== undefined) return value.value
        if (times >= most || missing.value?.isGone) throw missing.value?.error
        await delay(systemClock, backoff.next(), signal)
      }
    },
  }
}

/** For what is done once and may fail: a few tries. */
export const loaded = <T>(load: () => Promise<T>): Promise<T> => createPart(load).get(undefined, FEW_TIMES)
