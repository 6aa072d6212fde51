// The lines of several containers in one buffer, in the order of their times, redrawn a few times a second at most.
import { type Ref, computed, onScopeDispose, shallowRef, triggerRef, watch } from 'vue'
import { LogBuffer, type LogLine } from './log-buffer.ts'
import type { LogRange } from './log-range.ts'
import { type LogStatus, streamLog } from './log-stream.ts'

/** A container whose log is read. */
export interface LogSource {
  readonly pod: string
  readonly container: string
}
export const sourceKey = ({ pod, container }: LogSource): string => `${pod}/${container}`

export interface LogWish {
  readonly namespace: string
  readonly previous: boolean
  readonly range: LogRange
  /** Another number reads everything anew. */
  readonly reading: number
}

const REDRAW_MS = 50
const NEWEST = 5_000

/** @param onChange told with the first position of the buffer that changed */
export function useLogLines(
  sources: Ref<readonly LogSource[]>,
  wish: () => LogWish,
  onChange: (from: number) => void,
): {
  readonly buffer: LogBuffer
  /** What keeps lines from coming, a sentence. */
  readonly problem: Ref<string>
  clear(): void
} {
  const buffer = new LogBuffer()
  const problems = shallowRef(new Map<string, string>())
  const problem = computed(() => [...problems.value.values()][0] ?? '')
  const streams = new Map<string, AbortController>()
  let arrived: LogLine[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  function take() {
    timer = undefined
    const lines = arrived
    arrived = []
    onChange(buffer.add(lines))
  }
  function open(source: LogSource) {
    const key = sourceKey(source)
    const stop = new AbortController()
    streams.set(key, stop)
    const { namespace, previous, range } = wish()
    void streamLog(
      { ...source, namespace, previous, follow: !previous, since: range.since, tailLines: NEWEST },
      {
        onLine(time, text) {
          if (stop.signal.aborted) return
          arrived.push({ source: key, time, text })
          timer ??= setTimeout(take, REDRAW_MS)
        },
        onStatus(status: LogStatus, text) {
          if (stop.signal.aborted) return
          if (text && status !== 'streaming') problems.value.set(key, text)
          else problems.value.delete(key)
          triggerRef(problems)
        },
      },
      stop.signal,
    )
  }
  function closeAll() {
    for (const stop of streams.values()) stop.abort()
    streams.clear()
    problems.value = new Map()
    arrived = []
  }
  function clear() {
    arrived = []
    buffer.clear()
    onChange(buffer.first)
  }
  watch(
    [sources, () => JSON.stringify(wish())] as const,
    ([wanted, wished], [, before]) => {
      if (before !== undefined && wished !== before) {
        closeAll()
        clear()
      }
      // A pod that went away keeps its lines; its stream ends by itself.
      for (const source of wanted) if (!streams.has(sourceKey(source))) open(source)
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    closeAll()
    clearTimeout(timer)
  })
  return { buffer, problem, clear }
}
